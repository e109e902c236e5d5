using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>A message that kills the process of its consumer: nothing beside it is lost, and all comes back.</summary>
public sealed class PoisonTests
{
    private const string QueueName = "probe-count-withdrawals";

    [Fact]
    public async Task Six_deaths_within_a_prefetch_delete_nothing_and_the_neighbours_are_brought_back()
    {
        var database = await TestDatabases.Create(typeof(Program).Assembly);
        await using var data = NpgsqlDataSource.Create(database.Administrator);
        await using var broker = await TestBroker.Start(listens: false);
        var link = new BrokerLink(broker.Address);
        await using var closing = link;
        using (var first = new ProbeProcess(database, await broker.AddressFor("probe")))
        {
            // It makes its queue; then it is gone, and what comes waits there.
            await Eventually.True(first.IsHealthy, "the probe is healthy");
        }

        var poison = Guid.CreateVersion7();
        var all = Enumerable.Range(0, 15).Select(_ => Guid.CreateVersion7()).Prepend(poison).ToList();
        foreach (var id in all)
        {
            await broker.Publish(new CaseWithdrawn { CaseId = id, WithdrawnAt = DateTimeOffset.UnixEpoch });
        }

        var deaths = 0;
        while (deaths < 15)
        {
            using var victim = new ProbeProcess(database, await broker.AddressFor("probe"), ("Probe:Kills", poison.ToString()));
            await Eventually.True(async () => !victim.Lives
                || (await victim.IsHealthy() && await link.Look(QueueName, default) is { MessageCount: 0 } && await Settled(data, link, all.Count)),
                    "the poison kills, or all is settled");
            if (victim.Lives)
            {
                break;
            }

            deaths++;
        }

        deaths.ShouldBeInRange(2, 10);
        var dead = await Dead(link);
        var handled = await Handled(data);
        dead.ShouldContain(poison);
        // A neighbour may be both: handled, and its consumer killed before it could say so. Brought back it has no second effect (below).
        dead.Union(handled).Order().ShouldBe(all.Order(), "each is handled or dead, and none is gone");

        using var sound = new ProbeProcess(database, await broker.AddressFor("probe"));
        await Eventually.True(sound.IsHealthy, "the probe is healthy");
        using var ops = new HttpClient { BaseAddress = new Uri($"http://localhost:{sound.HttpPort}") };
        ops.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestTokens.Of(Roles.Ops));
        var redriven = await ops.PostAsJsonAsync("/dead-letters/redrive", new { queue = QueueName });
        var answer = await redriven.Content.ReadFromJsonAsync<JsonElement>();
        answer.GetProperty("moved").EnumerateArray().ShouldAllBe(m => m.GetProperty("reason").GetString() == "delivery_limit"
            && m.GetProperty("diedAt").ValueKind == JsonValueKind.String);
        answer.GetProperty("moved").GetArrayLength().ShouldBe(dead.Count);
        await Eventually.True(async () => (await Handled(data)).Count == all.Count, "all are handled");
        (await Handled(data)).Order().ShouldBe(all.Order());
    }

    private static async Task<bool> Settled(NpgsqlDataSource data, BrokerLink link, int count) =>
        (await Handled(data)).Union(await Dead(link)).Count() >= count;

    private static async Task<List<Guid>> Handled(NpgsqlDataSource data)
    {
        await using var db = await data.OpenConnectionAsync();
        return (await db.QueryAsync<Guid>("select case_id from withdrawal")).AsList();
    }

    private static async Task<List<Guid>> Dead(BrokerLink link)
    {
        await using var channel = await link.Channel(default);
        var found = new List<Guid>();
        while (await channel.BasicGetAsync(QueueName + "_dead", autoAck: false) is { } message)
        {
            found.Add(JsonDocument.Parse(message.Body).RootElement.GetProperty("message").GetProperty("caseId").GetGuid());
        }

        // Given back as the channel closes.
        return found;
    }
}
