using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>The probe service as a process of its own, which can die.</summary>
internal sealed class ProbeProcess : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();

    public ProbeProcess(TestDatabase database, Uri broker, params (string Name, string Value)[] settings)
    {
        HttpPort = FreePort();
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location]) { RedirectStandardOutput = true, RedirectStandardError = true };
        (string, string)[] all =
        [
            .. TestTokens.Settings.Select(s => (s.Key, s.Value!)),
            ("ConnectionStrings:probe", database.Service), ("ConnectionStrings:rabbitmq", broker.AbsoluteUri), ("HTTP_PORT", $"{HttpPort}"),
                ("GRPC_PORT", $"{FreePort()}"),
            ("Logging:LogLevel:Default", "Warning"), ("ASPNETCORE_ENVIRONMENT", "Production"), .. settings,
        ];
        foreach (var (name, value) in all)
        {
            start.Environment[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => _said.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _said.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int HttpPort { get; }

    public string Said => string.Join('\n', _said);

    public bool Lives => !_process.HasExited;

    public Task Ended() => _process.WaitForExitAsync(TestContext.Current.CancellationToken);

    /// <summary>False when it ended before.</summary>
    public async Task<bool> IsHealthy()
    {
        using var http = new HttpClient();
        try
        {
            using var answer = await http.GetAsync($"http://localhost:{HttpPort}/health");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Not up yet.
            return false;
        }
    }

    public void Dispose()
    {
        if (Lives)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
