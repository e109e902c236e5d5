using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace SecondOpinion.Tests.Runner;

/// <summary>
/// A test project as a process. xunit's automated mode tells each step as a line of JSON: what is not JSON was written by a test or a host, and goes to the
/// log.
/// </summary>
internal sealed class TestRun(Chosen chosen, IReadOnlyDictionary<string, string> environment, string log)
{
    private const int LastWords = 40;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(25);
    private readonly ConcurrentDictionary<string, string> _open = new();
    private readonly Stopwatch _watch = new();
    private readonly List<string> _said = [];
    private bool _finished;
    private int _ended;

    public Project Project => chosen.Project;

    public string Name => chosen.Project.Name;

    /// <summary>All tests of the project, not a choice of them.</summary>
    public bool IsWhole => chosen.Methods.Count == 0;

    public bool IsRunning => _watch.IsRunning;

    public TimeSpan Elapsed => _watch.Elapsed;

    public int Ended => _ended;

    public int Passed { get; private set; }

    public int Skipped { get; private set; }

    /// <summary>Name and seconds of each test that ran.</summary>
    public List<(string Name, double Seconds)> Times { get; } = [];

    public List<(string Name, string Why)> Failures { get; } = [];

    public string Log => log;

    public async Task Run(CancellationToken cancel)
    {
        var start =
            new ProcessStartInfo("dotnet", [Project.Assembly, "-automated", "async", "-noColor", .. chosen.Methods.SelectMany(m => (string[])["-method", m])])
            {
                WorkingDirectory = Path.GetDirectoryName(Project.Assembly),
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _watch.Start();
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        try
        {
            var errors = Hear(process.StandardError, json: false);
            await Hear(process.StandardOutput, json: true).WaitAsync(limit.Token);
            await errors.WaitAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            cancel.ThrowIfCancellationRequested();
            Failures.Add(($"{Name} as a whole", $"It did not end within {Limit.TotalMinutes} minutes. Still running: {string.Join(", ", _open.Values)}"));
        }
        finally
        {
            _watch.Stop();
            lock (_said)
            {
                File.WriteAllLines(log, _said);
            }
        }

        if (Failures.Count == 0 && (!_finished || process.ExitCode != 0))
        {
            Failures.Add(($"{Name} as a whole", $"It ended with exit code {process.ExitCode}{(_finished ? "" : " before its last test")}. Last words:\n"
                + string.Join('\n', _said.TakeLast(LastWords))));
        }
        else if (_ended == 0 && Failures.Count == 0)
        {
            Failures.Add((Name, $"None of its tests is called {string.Join(" or ", chosen.Methods)}."));
        }
    }

    private async Task Hear(StreamReader stream, bool json)
    {
        while (await stream.ReadLineAsync() is { } line)
        {
            if (!json || !line.StartsWith("{\"$type\":", StringComparison.Ordinal))
            {
                lock (_said)
                {
                    _said.Add(line);
                }

                continue;
            }

            using var message = JsonDocument.Parse(line);
            Take(message.RootElement);
        }
    }

    private void Take(JsonElement message)
    {
        var id = message.TryGetProperty("TestUniqueID", out var unique) ? unique.GetString()! : "";
        switch (message.GetProperty("$type").GetString())
        {
            case "test-starting":
                _open[id] = message.GetProperty("TestDisplayName").GetString()!;
                break;
            case "test-passed":
                Passed++;
                End(message, id);
                break;
            case "test-skipped":
                Skipped++;
                End(message, id);
                break;
            case "test-failed":
                Failures.Add((End(message, id), Why(message)));
                break;
            case "test-assembly-finished":
                _finished = true;
                break;
            case { } other when other == "error" || other.EndsWith("-cleanup-failure", StringComparison.Ordinal):
                Failures.Add((_open.GetValueOrDefault(id, $"{Name}, {other}"), Why(message)));
                break;
        }
    }

    private string End(JsonElement message, string id)
    {
        Interlocked.Increment(ref _ended);
        var name = _open.TryRemove(id, out var started) ? started : id;
        Times.Add((name, message.GetProperty("ExecutionTime").GetDouble()));
        return name;
    }

    private static string Why(JsonElement message)
    {
        IEnumerable<string> All(string property) => message.TryGetProperty(property, out var all) && all.ValueKind == JsonValueKind.Array
            ? all.EnumerateArray().Select(e => e.GetString() ?? "")
            : [];
        var causes = All("ExceptionTypes").Zip(All("Messages"), (type, text) => $"{type}: {text}").Zip(All("StackTraces"), (what, where) => $"{what}\n{where}");
        var output = message.TryGetProperty("Output", out var said) && said.GetString() is { Length: > 0 } text ? $"\nOutput:\n{text}" : "";
        return string.Join('\n', causes) + output;
    }
}
