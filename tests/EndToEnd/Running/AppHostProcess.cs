using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;

namespace SecondOpinion.Tests.EndToEnd.Running;

/// <summary>The whole system as people start it: <c>dotnet AppHost.dll …</c> of the same build as these tests.</summary>
internal sealed class AppHostProcess : IDisposable
{
    private const string MarkName = "SECONDOPINION_TEST_SYSTEM";
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly string _mark = Guid.CreateVersion7().ToString();
    private readonly string _dataFolder;
    private readonly Task _read;

    private AppHostProcess(string dataFolder, int port, string[] args, IReadOnlyDictionary<string, string>? settings = null)
    {
        _dataFolder = dataFolder;
        // A shell that runs things in the background lets them ignore SIGINT, which is inherited; people's terminals do not.
        var start =
            new ProcessStartInfo(
                "env", ["--default-signal=INT", "dotnet", "exec", Assembly, .. args, "--data", dataFolder, "--port", $"{port}", "--dashboard", "0"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Path.GetTempPath(),
            };
        start.Environment[MarkName] = _mark;
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _read = Task.WhenAll(Read(_process.StandardOutput), Read(_process.StandardError));
        // Should the tests be stopped half-way, the system goes with them.
        AppDomain.CurrentDomain.ProcessExit += StopWithUs;
    }

    public static string RepositoryRoot { get; } = typeof(AppHostProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>bin/CONFIGURATION/net10.0 of AppHost, as of these tests.</summary>
    private static string Assembly { get; } = Path.Combine(
        RepositoryRoot, "AppHost/bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name,
        new DirectoryInfo(AppContext.BaseDirectory).Name, "AppHost.dll");

    public int ProcessId => _process.Id;

    public string Output => string.Join('\n', _output);

    public static AppHostProcess Start(string dataFolder, params string[] args) => new(dataFolder, FreePort(), args);

    /// <param name="dataFolder">Its data.</param>
    /// <param name="settings">Environment of every process of the system, e.g. <c>RateLimits__User__Permits</c>.</param>
    /// <param name="args">As on the command line.</param>
    public static AppHostProcess StartWith(string dataFolder, IReadOnlyDictionary<string, string> settings, params string[] args) =>
        new(dataFolder, FreePort(), args, settings);

    public static AppHostProcess StartOn(int port, string dataFolder, params string[] args) => new(dataFolder, port, args);

    public static string NewDataFolder() => Directory.CreateTempSubdirectory("secondopinion-").FullName;

    /// <summary>Waits for a line of output that holds the text, and returns it.</summary>
    public async Task<string> Says(string text, TimeSpan limit)
    {
        string? line = null;
        await Eventually.True(
            () => (line = _output.FirstOrDefault(l => l.Contains(text, StringComparison.Ordinal))) is not null || _process.HasExited,
            $"AppHost says “{text}”", limit);
        return line ?? throw new InvalidOperationException($"AppHost ended ({_process.ExitCode}) before it said “{text}”:\n{Output}");
    }

    public async Task<int> Exited(TimeSpan limit)
    {
        await Eventually.True(() => _process.HasExited, "AppHost has ended", limit);
        await _read;
        return _process.ExitCode;
    }

    public IReadOnlyList<Processes.Id> Everything() => Processes.Of(ProcessId, _mark, _dataFolder);

    /// <summary>The process whose command line fits; null when there is none just now.</summary>
    public int? Find(Func<string, bool> commandLine) =>
        Everything().Select(id => (int?)id.Pid).FirstOrDefault(pid => commandLine(Processes.CommandLine(pid!.Value)));

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= StopWithUs;
        if (!_process.HasExited)
        {
            // Aspire's orchestrator sees it and ends all that it started.
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task Read(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            _output.Enqueue(line);
        }
    }

    private void StopWithUs(object? sender, EventArgs e)
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
    }
}
