using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using SecondOpinion.AppHost.Story;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>Compares what clients were told with what the databases, the ledger and the broker hold, once everything has come to rest.</summary>
internal sealed class HistoryCheck(SharedSystem system)
{
    /// <summary>Each happens exactly once in the life of a delivered case.</summary>
    private static readonly string[] Once =
    [
        "intake.case-opened.v1", "billing.coverage-reserved.v1", "intake.case-completed.v1", "physician.offer-accepted.v1", "matching.case-assigned.v1",
        "physician.opinion-delivered.v1", "physician.opinion-outcome-recorded.v1", "billing.opinion-booked.v1",
    ];

    /// <summary>Where a case may go, written down here a second time: a wrong table in the service must not excuse itself.</summary>
    private static readonly Dictionary<string, string[]> Legal = new(StringComparer.Ordinal)
    {
        ["draft"] = ["submitted", "redirected", "refused", "withdrawn"],
        ["submitted"] = ["complete", "incomplete", "refused", "withdrawn"],
        ["incomplete"] = ["submitted", "redirected", "refused", "withdrawn"],
        ["complete"] = ["offered", "assigned", "escalated", "delivered", "withdrawn"],
        ["offered"] = ["assigned", "escalated", "delivered", "withdrawn"],
        ["escalated"] = ["offered", "assigned", "delivered", "withdrawn"],
        ["assigned"] = ["awaitingInformation", "delivered", "withdrawn"],
        ["awaitingInformation"] = ["assigned", "delivered", "withdrawn"],
        ["delivered"] = ["closed"],
    };

    private static readonly TimeSpan RestLimit = TimeSpan.FromMinutes(2);
    private readonly List<string> _faults = [];

    /// <returns>A sentence per fault; empty when every promise was kept once.</returns>
    public async Task<IReadOnlyList<string>> Faults(IReadOnlyList<CaseHistory> histories)
    {
        await OutboxesAreEmpty();
        using var api = new Api(system.Gateway, TestContext.Current.CancellationToken);
        foreach (var history in histories)
        {
            await OfPatient(api, history);
        }

        var delivered = histories.Where(h => h.Was("signed")).ToDictionary(h => h.CaseId!.Value);
        await EachOnce("billing", "select case_id, count(*) from ledger_transaction where business_key = 'opinion:' || case_id group by 1", delivered,
            "ledger entries");
        await EachOnce("billing", "select case_id, count(*) from coverage where state in ('reserved', 'confirmed') group by 1", delivered,
            "uses of the contract");
        await EachOnce("physician", "select o.case_id, count(*) from opinion o join opinion_version v using (opinion_id) group by 1", delivered, "opinions");
        await EachOnce("matching", "select case_id, count(*) from matching_case where state in ('assigned', 'delivered') group by 1", delivered, "assignments");
        foreach (var name in Once)
        {
            await EachOnce("reporting", $"select case_id, count(*) from event_log where event = '{name}' group by 1", delivered, $"events {name}");
        }

        var sum = await Scalar("billing", "select coalesce(sum(amount_cents), 0)::bigint from ledger_line");
        Expect(sum == 0, $"the ledger's lines sum to {sum} cents");
        await NothingInErrorQueues();
        return _faults;
    }

    /// <summary>Plays an event that was handled twice.</summary>
    public static async Task Double(SharedSystem system, Guid caseId, string name)
    {
        await using var data = NpgsqlDataSource.Create(Processes.Variable(system.Pid("reporting"), "ConnectionStrings__reporting")!);
        await using var command = data.CreateCommand(
            """
            insert into event_log (message_id, event, case_id, occurred_at, received_at, body)
            select gen_random_uuid(), event, case_id, occurred_at, received_at, body from event_log where case_id = $1 and event = $2
            """);
        command.Parameters.AddWithValue(caseId);
        command.Parameters.AddWithValue(name);
        await command.ExecuteNonQueryAsync();
    }

    private async Task OfPatient(Api api, CaseHistory history)
    {
        var token = system.Token(Roles.Patient, history.PatientId.ToString());
        var listed = (await api.Get("/api/v1/cases?limit=100", token)).Json["items"]!.AsArray();
        // An opening whose answer never came may or may not have happened, but not twice.
        Expect(listed.Count <= 1, $"patient {history.PatientId} has {listed.Count} cases after one opening");
        if (history.GaveUp is not null)
        {
            Expect(false, $"a client gave up on case {history.CaseId}: {history.GaveUp}");
        }

        if (history.CaseId is not { } id)
        {
            return;
        }

        var answer = await api.Get($"/api/v1/cases/{id}", token);
        if (!answer.Ok)
        {
            Expect(false, $"case {id} was opened and is gone ({(int)answer.Status})");
            return;
        }

        var timeline = answer.Json["timeline"]!.AsArray();
        for (var i = 0; i < timeline.Count; i++)
        {
            Expect(
                (string?)timeline[i]!["from"] is not { } from || (Legal.TryGetValue(from, out var next) && next.Contains((string?)timeline[i]!["to"])),
                $"case {id} made a move that is none: {timeline[i]!.ToJsonString()}");
            if (i == 0)
            {
                continue;
            }

            Expect((string?)timeline[i]!["from"] == (string?)timeline[i - 1]!["to"],
                $"case {id} went on from a state that it was not in: {timeline.ToJsonString()}");
        }

        Expect(!history.Was("document")
            || answer.Json["documents"]!.AsArray().Count == 1, $"case {id} has {answer.Json["documents"]!.AsArray().Count} documents, not one");
        Expect(!history.Was("complete") || answer.Json["completedAt"] is not null, $"case {id} was complete and is not");
        if (history.Was("signed"))
        {
            Expect((string?)answer.Json["state"] is "delivered" or "closed", $"case {id} has a signed opinion and is {answer.Json["state"]}");
            var opinion = await api.Get($"/api/v1/cases/{id}/opinion", token);
            Expect(opinion.Ok
                && (history.OpinionSha256 is null || (string?)opinion.Json["sha256"] == history.OpinionSha256),
                    $"the opinion of case {id} is not the signed one");
        }
    }

    private async Task EachOnce(string service, string sql, Dictionary<Guid, CaseHistory> delivered, string what)
    {
        var counts = new Dictionary<Guid, long>();
        await using var data = NpgsqlDataSource.Create(Connection(service));
        await using var command = data.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            if (!reader.IsDBNull(0))
            {
                counts[reader.GetGuid(0)] = reader.GetInt64(1);
            }
        }

        foreach (var id in delivered.Keys)
        {
            Expect(counts.GetValueOrDefault(id) == 1, $"case {id} has {counts.GetValueOrDefault(id)} {what}, not one");
        }
    }

    private async Task OutboxesAreEmpty()
    {
        foreach (var service in (string[])["intake", "billing", "matching", "physician"])
        {
            await Eventually.True(async () =>
                await Scalar(service, "select count(*) from outbox where parked_at is null") == 0, $"{service}'s outbox is empty", RestLimit);
            var parked = await Scalar(service, "select count(*) from outbox");
            Expect(parked == 0, $"{service} parked {parked} events");
        }

        await Eventually.True(async () => (await Queues()).Where(q => !IsForErrors(q)).All(q => Messages(q) == 0), "every queue is empty", RestLimit);
    }

    private async Task NothingInErrorQueues()
    {
        foreach (var queue in (await Queues()).Where(IsForErrors))
        {
            Expect(Messages(queue) == 0, $"{queue["name"]} holds {Messages(queue)} messages");
        }
    }

    private static bool IsForErrors(JsonNode queue) =>
        ((string)queue["name"]!).EndsWith("_error", StringComparison.Ordinal) || ((string)queue["name"]!).EndsWith("_dead", StringComparison.Ordinal);

    private static int Messages(JsonNode queue) => (int?)queue["messages"] ?? 0;

    private async Task<IReadOnlyList<JsonNode>> Queues()
    {
        using var http = new HttpClient { BaseAddress = system.BrokerManagement };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(system.BrokerAdministrator)));
        return [.. (await http.GetFromJsonAsync<JsonArray>("/api/queues"))!.Select(q => q!)];
    }

    private async Task<long> Scalar(string service, string sql)
    {
        await using var data = NpgsqlDataSource.Create(Connection(service));
        await using var command = data.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private string Connection(string service) => Processes.Variable(system.Pid(service), $"ConnectionStrings__{service}")!;

    private void Expect(bool kept, string otherwise)
    {
        if (!kept)
        {
            _faults.Add(otherwise);
        }
    }
}
