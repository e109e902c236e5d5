using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>One bad item, or one bad minute, ends neither a job nor the process.</summary>
public sealed class BackgroundTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private readonly BackgroundJobs _jobs = fixture.Probe.Services.GetRequiredService<BackgroundJobs>();

    [Fact]
    public async Task An_item_that_always_throws_is_put_off_and_the_others_go_on()
    {
        var items = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToList();
        using var job = new ItemJob(_jobs, items, bad: items[3]);
        await job.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.True(() => job.Done.Count == 19, "the good items are done");
        await Eventually.True(() => job.Tried >= 2, "the bad one is tried again");
        job.Tried.ShouldBeLessThan(5, "with a pause that grows, not at every look");
        job.ExecuteTask!.IsCompleted.ShouldBeFalse("the job lives");
        await job.StopAsync(TestContext.Current.CancellationToken);
        job.ExecuteTask!.IsCompletedSuccessfully.ShouldBeTrue();
    }

    [Fact]
    public async Task A_job_that_fails_backs_off_says_so_in_the_health_check_and_recovers()
    {
        using var job = new FailingJob(_jobs, failures: 3);
        await job.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.True(
            () => _jobs.States.TryGetValue(nameof(FailingJob), out var state) && state.Failures == 3, "three failures in a row", TimeSpan.FromSeconds(20));
        var health = fixture.Probe.Services.GetRequiredService<HealthCheckService>();
        var report = (await health.CheckHealthAsync(TestContext.Current.CancellationToken)).Entries["background"];
        report.Status.ShouldBe(HealthStatus.Degraded);
        report.Description!.ShouldContain(nameof(FailingJob));
        report.Description!.ShouldNotContain("secret", Case.Insensitive, "a message may quote what it worked on");
        await Eventually.True(() => _jobs.States[nameof(FailingJob)].Failures == 0, "it works again", TimeSpan.FromSeconds(20));
        job.Gaps.ShouldBeInOrder(SortDirection.Ascending, "each pause is longer than the one before");
        (await health.CheckHealthAsync(TestContext.Current.CancellationToken)).Entries["background"].Status.ShouldBe(HealthStatus.Healthy);
        await job.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_wake_up_starts_the_next_pass_at_once()
    {
        using var job = new WaitingJob(_jobs);
        await job.StartAsync(TestContext.Current.CancellationToken);
        await Eventually.True(() => job.Passes == 1, "the first pass");
        job.Wake();
        await Eventually.True(() => job.Passes == 2, "woken");
        await job.StopAsync(TestContext.Current.CancellationToken);
    }

    private sealed class ItemJob(BackgroundJobs jobs, List<Guid> items, Guid bad) : BackgroundJob(jobs)
    {
        public ConcurrentDictionary<Guid, bool> Done { get; } = new();

        public int Tried { get; private set; }

        protected override async Task<Next> Pass(CancellationToken cancel)
        {
            await Each(items.Except(PutOff).Where(i => !Done.ContainsKey(i)), item =>
            {
                if (item == bad)
                {
                    Tried++;
                    throw new InvalidOperationException("This item cannot be worked on.");
                }

                Done[item] = true;
                return Task.CompletedTask;
            }, cancel);
            return Next.After(TimeSpan.FromMilliseconds(20));
        }
    }

    private sealed class FailingJob(BackgroundJobs jobs, int failures) : BackgroundJob(jobs)
    {
        private readonly List<DateTimeOffset> _at = [];

        public IEnumerable<TimeSpan> Gaps => _at.Zip(_at.Skip(1), (a, b) => b - a);

        protected override Task<Next> Pass(CancellationToken cancel)
        {
            _at.Add(TimeProvider.System.GetUtcNow());
            return _at.Count <= failures ? throw new InvalidOperationException("SECRET") : Task.FromResult(Next.Never);
        }
    }

    private sealed class WaitingJob(BackgroundJobs jobs) : BackgroundJob(jobs)
    {
        public int Passes { get; private set; }

        protected override Task<Next> Pass(CancellationToken cancel)
        {
            Passes++;
            return Task.FromResult(Next.After(TimeSpan.FromHours(1)));
        }
    }
}
