using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Grpc.Net.Client;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>The billing service as a process of its own, which a test can kill.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process _process;

    private ServiceProcess(Process process, HttpClient http, GrpcChannel channel) => (_process, Http, Channel) = (process, http, channel);

    /// <summary>Calls as ops.</summary>
    public HttpClient Http { get; }

    /// <summary>Calls as a service.</summary>
    public GrpcChannel Channel { get; }

    public static async Task<ServiceProcess> Start(IReadOnlyDictionary<string, string?> settings)
    {
        var (httpPort, grpcPort) = (FreePort(), FreePort());
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { "exec", Path.Combine(AppContext.BaseDirectory, "SecondOpinion.Billing.dll") } };
        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["HTTP_PORT"] = $"{httpPort}";
        start.Environment["GRPC_PORT"] = $"{grpcPort}";
        start.Environment["Logging__LogLevel__Default"] = "Error";
        var process = Process.Start(start)!;
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestTokens.Of(Roles.Ops));
        var calls = new HttpClient();
        calls.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestTokens.Service("intake"));
        await Eventually.True(async () =>
        {
            try
            {
                return (await http.GetAsync("/health")).IsSuccessStatusCode;
            }
            catch (HttpRequestException away)
            {
                return process.HasExited ? throw new InvalidOperationException("The service ended at its start.", away) : false;
            }
        }, "the billing process is healthy", TimeSpan.FromSeconds(60));
        return new ServiceProcess(process, http, GrpcChannel.ForAddress($"http://127.0.0.1:{grpcPort}", new GrpcChannelOptions { HttpClient = calls }));
    }

    /// <summary>SIGKILL: no handler runs.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        Http.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
