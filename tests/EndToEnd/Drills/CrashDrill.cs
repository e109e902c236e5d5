using System.Collections.Concurrent;
using System.Diagnostics;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>
/// Whole cases, from opening to the delivered opinion, while services, broker and database are killed with -9 in random order. Afterwards what the clients
/// were told is compared with the databases, the ledger and the broker: nothing lost, nothing doubled, every case in a legal state.
/// </summary>
[Collection(OnSharedSystem.Name)]
public sealed class CrashDrill(SharedSystem system, ITestOutputHelper output)
{
    private const int PatientsAtOnce = 4;
    private static readonly TimeSpan LastCasesLimit = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task Parts_are_killed_at_random_while_cases_flow_and_nothing_is_lost_or_doubled()
    {
        await system.Healthy();
        var random = new Random(DrillSettings.Seed);
        output.WriteLine($"crash drill: {DrillSettings.CrashTime.TotalMinutes:0.#} minutes, seed {DrillSettings.Seed}");
        await DrillPhysicians.Admit(system);

        var histories = new ConcurrentBag<CaseHistory>();
        var members = new ConcurrentQueue<SampleMember>(SampleMember.Covered());
        var watch = Stopwatch.StartNew();
        var patients = Enumerable.Range(0, PatientsAtOnce).Select(_ => Task.Run(async () =>
        {
            while (watch.Elapsed < DrillSettings.CrashTime && members.TryDequeue(out var member))
            {
                var history = new CaseHistory(member);
                histories.Add(history);
                using var patient = new DrillPatient(system, history);
                await patient.WholeCase();
            }
        })).ToList();

        var kills = new SortedDictionary<string, int>(StringComparer.Ordinal);
        while (watch.Elapsed < DrillSettings.CrashTime)
        {
            var part = SharedSystem.Parts[random.Next(SharedSystem.Parts.Count)];
            var victim = system.Pid(part);
            // Some patients must be under way, each time at another point.
            var until = watch.Elapsed + TimeSpan.FromMilliseconds(random.Next(300, 3000));
            await Eventually.True(() => watch.Elapsed >= until, "the moment of the next kill");
            Processes.Kill(victim);
            kills[part] = kills.GetValueOrDefault(part) + 1;
            await system.Restarted(part, victim);
        }

        await Task.WhenAll(patients).WaitAsync(LastCasesLimit);
        await system.Healthy();
        var faults = await new HistoryCheck(system).Faults([.. histories]);

        await DrillSettings.Write("crash", new
        {
            seed = DrillSettings.Seed,
            minutes = DrillSettings.CrashTime.TotalMinutes,
            kills,
            cases = histories.Count,
            delivered = histories.Count(h => h.Was("delivered")),
            gaveUp = histories.Count(h => h.GaveUp is not null),
            longestPauseSeconds = Math.Round(histories.Max(h => h.LongestPause).TotalSeconds, 1),
            faults,
        });
        output.WriteLine($"kills: {string.Join(", ", kills.Select(k => $"{k.Key} {k.Value}"))}");
        output.WriteLine(
            $"cases: {histories.Count}, delivered {histories.Count(h => h.Was("delivered"))}, gave up {histories.Count(h => h.GaveUp is not null)}");
        var longest = histories.MaxBy(h => h.LongestPause)!;
        output.WriteLine($"longest pause: {longest.LongestPause.TotalSeconds:0.0} s ({longest.WaitedFor.ReplaceLineEndings(" ")})");
        output.WriteLine($"faults: {faults.Count}");
        faults.ShouldBeEmpty($"seed {DrillSettings.Seed}");
        kills.Values.Sum().ShouldBeGreaterThan(0);
        histories.ShouldContain(h => h.Was("delivered"));
        await TheCheckSeesWhatIsWrong(histories.First(h => h.Was("delivered")), members.First());
    }

    /// <summary>A check that finds nothing must be able to: a case that is gone, an opinion that is another, an event that came twice.</summary>
    private async Task TheCheckSeesWhatIsWrong(CaseHistory delivered, SampleMember member)
    {
        var gone = new CaseHistory(member) { CaseId = Guid.CreateVersion7() };
        gone.Told("opened");
        gone.Told("signed");
        delivered.OpinionSha256 = "another";
        await HistoryCheck.Double(system, delivered.CaseId!.Value, "physician.opinion-delivered.v1");

        var found = await new HistoryCheck(system).Faults([gone, delivered]);

        found.ShouldContain($"case {gone.CaseId} was opened and is gone (404)");
        found.ShouldContain($"case {gone.CaseId} has 0 ledger entries, not one");
        found.ShouldContain($"the opinion of case {delivered.CaseId} is not the signed one");
        found.ShouldContain($"case {delivered.CaseId} has 2 events physician.opinion-delivered.v1, not one");
    }
}
