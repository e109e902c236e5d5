namespace SecondOpinion.Tests.Runner;

/// <summary>What a person reads: a line per project, each failure whole, the slowest tests, the sum.</summary>
internal sealed class Report(TextWriter output)
{
    private const int Slowest = 10;
    private readonly Lock _one = new();
    private readonly System.Diagnostics.Stopwatch _watch = System.Diagnostics.Stopwatch.StartNew();
    private readonly List<(string Name, double Seconds)> _times = [];
    private int _passed;
    private int _skipped;

    public int Failed { get; private set; }

    public string LastLine => $"{_passed} passed, {Failed} failed{(_skipped == 0 ? "" : $", {_skipped} skipped")}";

    public void Say(string line)
    {
        lock (_one)
        {
            output.WriteLine(line);
        }
    }

    public void Add(TestRun run)
    {
        lock (_one)
        {
            _passed += run.Passed;
            _skipped += run.Skipped;
            Failed += run.Failures.Count;
            _times.AddRange(run.Times);
            var mark = run.Failures.Count == 0 ? "✓" : "✗";
            output.WriteLine($"{mark} {run.Name}: {run.Passed} passed, {run.Failures.Count} failed ({run.Elapsed.TotalSeconds:0} s)");
            foreach (var (name, why) in run.Failures)
            {
                output.WriteLine($"✗ {name}\n  {why.ReplaceLineEndings("\n  ")}");
            }

            if (run.Failures.Count > 0)
            {
                output.WriteLine($"What {run.Name} wrote besides is in {run.Log}.");
            }
        }
    }

    /// <summary>What should have run could not.</summary>
    public void Broken(string what, string why)
    {
        Failed++;
        Say($"✗ {what}: {why}");
    }

    public void Close()
    {
        var slow = _times.OrderByDescending(t => t.Seconds).Take(Slowest).ToList();
        if (slow.Count > 0)
        {
            Say("The slowest tests:");
            slow.ForEach(t => Say($"{t.Seconds,7:0.0} s  {t.Name.Replace("SecondOpinion.Tests.", "", StringComparison.Ordinal)}"));
        }

        Say($"Took {_watch.Elapsed.TotalSeconds:0} s.");
    }
}
