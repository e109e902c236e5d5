using System.Net.Http.Headers;
using Microsoft.Extensions.Configuration;
using SecondOpinion.Servers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.AppHost.Commands;

/// <summary>The running installation as an operator of this machine asks it: its gateway's noted address and a token of a minute.</summary>
internal static class OpsClient
{
    /// <summary>Where a running installation notes its gateway's address.</summary>
    public static string GatewayFile(string dataFolder) => Path.Combine(dataFolder, "gateway.url");

    /// <returns>Null when no installation is known; then people have been told.</returns>
    public static async Task<HttpClient?> Open(IConfiguration options, string command, TimeSpan limit)
    {
        var data = Path.GetFullPath(options["data"] ?? RunOptions.DefaultDataFolder);
        var gateway = options["gateway"] ?? (File.Exists(GatewayFile(data)) ? await File.ReadAllTextAsync(GatewayFile(data)) : null);
        if (gateway is null)
        {
            Console.Error.WriteLine(
                $"No running installation is known in {data}. Start it (./run --no-demo), or name its gateway: ./run {command} --gateway http://HOST:PORT");
            return null;
        }

        string token;
        try
        {
            using var identity = LocalIdentity.Of(data);
            token = await identity.Token(Roles.Ops, "local-ops", TimeSpan.FromMinutes(1));
        }
        catch (CannotStartException reason)
        {
            Console.Error.WriteLine(reason.Message);
            return null;
        }

        var http = new HttpClient { BaseAddress = new Uri(gateway), Timeout = limit };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }
}
