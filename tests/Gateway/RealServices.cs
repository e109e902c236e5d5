using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

/// <summary>The five services as processes, each with an empty database, for what only their real descriptions can show.</summary>
public sealed partial class RealServices : IAsyncLifetime
{
    private static readonly string Certificate = TestCertificate.Sealing();
    private readonly List<Process> _processes = [];
    private readonly string _documents = Directory.CreateTempSubdirectory("secondopinion-documents-").FullName;
    private TestBroker? _broker;

    public static string RepositoryRoot => Metadata("RepositoryRoot");

    /// <summary>Where each listens for HTTP/1.1.</summary>
    public Dictionary<string, Uri> Addresses { get; } = [];

    /// <summary>Settings with which the gateway under test finds them.</summary>
    public Dictionary<string, string?> Settings => Addresses.ToDictionary(a => $"services:{a.Key}:http:0", a => (string?)a.Value.AbsoluteUri);

    public async ValueTask InitializeAsync()
    {
        _broker = await TestBroker.Start();
        var servers = await TestServers.Get();
        var starting = new List<(string Name, Task<Uri> Listening)>();
        foreach (var name in Routes.Services)
        {
            starting.Add((name, Start(name, await TestDatabases.Empty(servers.Postgres, name), await _broker.AddressFor(name))));
        }

        foreach (var (name, listening) in starting)
        {
            Addresses[name] = await listening.WaitAsync(TimeSpan.FromSeconds(60));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            await process.WaitForExitAsync();
            process.Dispose();
        }

        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }

        Directory.Delete(_documents, recursive: true);
    }

    private Task<Uri> Start(string name, TestDatabase database, Uri broker)
    {
        var assembly =
            Path.Combine(RepositoryRoot, "services", name, "bin", Metadata("Configuration"), "net10.0",
                $"SecondOpinion.{char.ToUpperInvariant(name[0])}{name[1..]}.dll");
        var start =
            new ProcessStartInfo("dotnet", [assembly])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Path.GetDirectoryName(assembly),
            };
        var key = Convert.ToBase64String("a key of tests: thirty-two bytes"u8);
        var settings = new Dictionary<string, string?>(TestTokens.Settings)
        {
            [$"ConnectionStrings:{name}"] = database.Service,
            [$"ConnectionStrings:{name}_owner"] = database.Owner,
            ["ConnectionStrings:rabbitmq"] = broker.AbsoluteUri,
            ["Database:MaxPoolSize"] = "6",
            ["HTTP_PORT"] = "0",
            ["GRPC_PORT"] = "0",
            ["Documents:Path"] = _documents,
            ["Encryption:Keys:k1"] = key,
            ["Encryption:CurrentKey"] = "k1",
            ["Seal:Certificate"] = Certificate,
            ["Beneficiaries:Keys:k1"] = key,
            ["Beneficiaries:CurrentKey"] = "k1",
        };
        foreach (var (setting, value) in settings)
        {
            start.Environment[setting.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var process = Process.Start(start)!;
        _processes.Add(process);
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var output = new StringBuilder();
        process.OutputDataReceived += (_, line) =>
        {
            lock (output)
            {
                output.AppendLine(line.Data);
            }

            if (line.Data is not null && Listening().Match(line.Data) is { Success: true } match)
            {
                // The first address is the HTTP/1.1 one; the second, gRPC's, finds the task done.
                listening.TrySetResult(new Uri(match.Value));
            }
        };
        process.Exited += (_, _) =>
        {
            lock (output)
            {
                listening.TrySetException(new InvalidOperationException($"{name} ended at its start:\n{output}"));
            }
        };
        process.EnableRaisingEvents = true;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return listening.Task;
    }

    private static string Metadata(string key) =>
        typeof(RealServices).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;

    [GeneratedRegex("http://127\\.0\\.0\\.1:[0-9]+")]
    private static partial Regex Listening();
}
