using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using SecondOpinion.AppHost.Story;
using SecondOpinion.Servers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>
/// Somebody drops a database while cases flow, then (by <c>./drill restore</c>) the disk is lost: a base backup and the archive of the WAL bring all databases
/// and the documents back to one moment, with an empty broker. What clients were told until then must be so, what came later must be gone, and cases go on.
/// </summary>
[Collection(OnSharedSystem.Name)]
public sealed class RestoreDrill(ITestOutputHelper output)
{
    private const int Delivered = 2;
    private static readonly TimeSpan FlowLimit = TimeSpan.FromMinutes(4);

    /// <summary>A restore may take as long.</summary>
    private static readonly TimeSpan RestoreLimit = TimeSpan.FromMinutes(2);

    /// <summary>And lose as much.</summary>
    private static readonly TimeSpan LossLimit = TimeSpan.FromMinutes(1);
    private readonly ConcurrentQueue<SampleMember> _members = new(SampleMember.Covered());
    private readonly ConcurrentBag<CaseHistory> _histories = [];

    [Fact]
    public async Task Databases_documents_and_messages_come_back_at_one_moment_and_cases_go_on()
    {
        await using var place = await BackedUpSystem.Start();
        await DrillPhysicians.Admit(place.System);
        await place.TakeBase();
        var afterMistake = await UndoAMistake(place);
        var afterLoss = DrillSettings.LosesTheDisk ? await LoseTheDisk(place) : null;
        await place.SpoiledBackupIsRefused();
        await DrillSettings.Write("restore", new { cases = _histories.Count, afterMistake, afterLoss });
    }

    private async Task<object> UndoAMistake(BackedUpSystem place)
    {
        await Flow(place.System, () => _histories.Count(h => h.Was("delivered")) >= Delivered);

        // At the moment that is to come back this case is in nobody's database but intake's: its event waits in a queue, confirmed and not yet handled.
        var matching = place.System.Pid("matching");
        Processes.Freeze(matching);
        var waiting = await Patient(place.System, patient => patient.UntilComplete());
        await Eventually.True(async () => await place.Ask<long>("select count(*) from outbox", "intake") == 0, "intake's events have left");
        var moment = new DateTimeOffset(await place.Ask<DateTime>("select clock_timestamp()"));

        var later = await Patient(place.System, patient => patient.UntilComplete(), isKept: false);
        later.Was("complete").ShouldBeTrue(later.GaveUp);
        await place.Ask<object?>("drop database physician with (force)");
        Processes.Thaw(matching);
        await place.Archive();
        await place.Lose();
        var times = await place.Restore(RecoveryTarget.Time(moment), moment - TimeSpan.FromHours(1));

        Say("mistake", times, TimeSpan.Zero);
        await Check(place, moment, waiting, later);
        return new { databasesSeconds = times.DatabasesSeconds, systemSeconds = times.SystemSeconds, lossSeconds = 0 };
    }

    private async Task<object> LoseTheDisk(BackedUpSystem place)
    {
        var before = place.Documents.Last(place.Backups);
        var enough = _histories.Count(h => h.Was("delivered")) + Delivered;
        var lost = DateTimeOffset.MinValue;
        await Flow(
            place.System, () => _histories.Count(h => h.Was("delivered")) >= enough && place.Documents.Last(place.Backups) != before,
            async () =>
            {
                // In the middle of it all, and some time after the last segment went.
                await Eventually.True(() => _histories.Count(h => h.Was("delivered")) >= enough + 1, "cases flow", FlowLimit);
                lost = TimeProvider.System.GetUtcNow();
                await place.Lose();
            });
        var point = place.Documents.Last(place.Backups)!;
        var times = await place.Restore(RecoveryTarget.Point(point), point.At - TimeSpan.FromHours(1));

        Say("lost disk", times, lost - point.At);
        await Check(place, point.At);
        TimeSpan.FromSeconds(times.SystemSeconds).ShouldBeLessThan(RestoreLimit);
        (lost - point.At).ShouldBeLessThan(LossLimit);
        return new
        {
            databasesSeconds = times.DatabasesSeconds,
            systemSeconds = times.SystemSeconds,
            lossSeconds = Math.Round((lost - point.At).TotalSeconds, 1),
        };
    }

    private async Task Check(BackedUpSystem place, DateTimeOffset moment, CaseHistory? waiting = null, CaseHistory? later = null)
    {
        var system = place.System;
        using var api = new Api(system.Gateway, TestContext.Current.CancellationToken);
        var ops = system.Token(Roles.Ops, "drill-ops");
        if (waiting is not null)
        {
            await api.Until(
                $"/api/v1/matching/cases/{waiting.CaseId}", ops, a => (string?)a.Json["state"] is "offered",
                "the case whose event was in the lost broker is offered");
        }

        if (later is not null)
        {
            var gone = await api.Get($"/api/v1/cases/{later.CaseId}", system.Token(Roles.Patient, later.PatientId.ToString()));
            ((int)gone.Status).ShouldBe(404, "what came after the moment is gone");
        }

        var known = _histories.Select(h => h.AsOf(moment)).Where(h => h.Was("opened")).ToList();
        known.ShouldContain(h => h.Was("delivered"));
        await Documents(system, api, known);
        (await new HistoryCheck(system).Faults(known)).ShouldBeEmpty();
        await Audit(place, api, ops);
        var balance = (await api.Get("/api/v1/ledger/trial-balance", ops)).Json;
        ((string?)balance["difference"]!["amount"]).ShouldBe("0.00");
        await place.Backups.CheckTables(place.Server, TestContext.Current.CancellationToken);

        var fresh = await Patient(system, patient => patient.WholeCase());
        fresh.Was("delivered").ShouldBeTrue(fresh.GaveUp);
    }

    /// <summary>Every file opens with the key of its case and is what was uploaded.</summary>
    private static async Task Documents(SharedSystem system, Api api, IEnumerable<CaseHistory> known)
    {
        var uploaded = await File.ReadAllBytesAsync(Path.Combine(Journey.SampleFolder, "compte-rendu.pdf"));
        foreach (var history in known.Where(h => h.Was("document")))
        {
            var token = system.Token(Roles.Patient, history.PatientId.ToString());
            var shown = await api.Get($"/api/v1/cases/{history.CaseId}", token);
            var document = shown.Json["documents"]!.AsArray().Single()!;
            var content = await api.Get($"/api/v1/cases/{history.CaseId}/documents/{document["documentId"]}", token);
            content.Bytes.ShouldBe(uploaded);
        }
    }

    /// <summary>
    /// Where an end was noted after the moment, the check says so at first: an older copy, or, once new records have passed that number, another chain.
    /// </summary>
    private static async Task Audit(BackedUpSystem place, Api api, string ops)
    {
        async Task<JsonNode> Chains() => (await api.Get("/api/v1/audit/chains", ops)).Json;
        var first = await Chains();
        first["services"]!.AsObject().Select(s => (string?)s.Value!["fault"]).Where(fault => fault is not null)
            .ShouldAllBe(fault => fault!.Contains("older copy") || fault!.Contains("was written anew"));
        place.SetHeadsAside();
        var then = await Chains();
        then["unanswered"]!.AsArray().ShouldBeEmpty();
        then["services"]!.AsObject().ShouldAllBe(s => s.Value!["fault"] == null);
        then["services"]!["intake"]!["links"]!.GetValue<long>().ShouldBeGreaterThan(0);
    }

    /// <summary>Two patients at a time, until enough has happened and, if given, the disaster is over.</summary>
    private async Task Flow(SharedSystem system, Func<bool> enough, Func<Task>? disaster = null)
    {
        using var stop = new CancellationTokenSource();
        var patients = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested && !(disaster is null && enough()))
            {
                try
                {
                    await Patient(system, patient => patient.WholeCase(), stop: stop.Token);
                }
                catch (CannotStartException) when (disaster is not null)
                {
                    // No issuer any more, that is, no system.
                    return;
                }
            }
        })).ToList();
        if (disaster is not null)
        {
            await Eventually.True(enough, "enough cases have flown", FlowLimit);
            await disaster();
            await stop.CancelAsync();
        }

        await Task.WhenAll(patients).WaitAsync(FlowLimit);
    }

    private async Task<CaseHistory> Patient(SharedSystem system, Func<DrillPatient, Task> steps, bool isKept = true, CancellationToken stop = default)
    {
        _members.TryDequeue(out var member).ShouldBeTrue();
        var history = new CaseHistory(member!);
        if (isKept)
        {
            _histories.Add(history);
        }

        using var patient = new DrillPatient(system, history, stop);
        await steps(patient);
        return history;
    }

    private void Say(string what, RestoreTimes times, TimeSpan loss) => output.WriteLine(
        $"{what}: databases back after {times.DatabasesSeconds} s, the system after {times.SystemSeconds} s, lost {loss.TotalSeconds:0.0} s");
}
