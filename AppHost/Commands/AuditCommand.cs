using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.AppHost.Commands;

/// <summary><c>./run audit verify</c>: reads every service's audit record from its first link on and says whether anybody touched it.</summary>
internal static class AuditCommand
{
    /// <returns>0 when every chain is whole; 1 when one is not, or a service did not answer; 2 when nobody could be asked.</returns>
    public static async Task<int> Run(string[] args)
    {
        if (args.FirstOrDefault() != "verify")
        {
            Console.Error.WriteLine("Usage: ./run audit verify      reads every audit record and says whether anybody touched it");
            return 2;
        }

        using var http = await OpsClient.Open(new ConfigurationBuilder().AddCommandLine(args[1..]).Build(), "audit verify", TimeSpan.FromMinutes(3));
        if (http is null)
        {
            return 2;
        }

        try
        {
            return Print(JsonElement.Parse(await http.GetStringAsync("/api/v1/audit/chains")), Console.Out);
        }
        catch (HttpRequestException exception)
        {
            Console.Error.WriteLine($"{http.BaseAddress} does not tell ({exception.Message}).");
            return 2;
        }
    }

    internal static int Print(JsonElement report, TextWriter output)
    {
        var isWhole = true;
        foreach (var service in report.GetProperty("services").EnumerateObject())
        {
            var chain = service.Value;
            var fault = chain.GetProperty("fault").GetString();
            isWhole &= fault is null;
            output.WriteLine(fault is null
                ? $"{service.Name,-12} whole: {chain.GetProperty("links").GetInt64()} records, {chain.GetProperty("pending").GetInt64()} pending, "
                    + $"{chain.GetProperty("heads").GetInt32()} noted heads"
                : $"{service.Name,-12} TOUCHED: {fault}");
        }

        foreach (var service in report.GetProperty("unanswered").EnumerateArray())
        {
            isWhole = false;
            output.WriteLine($"{service.GetString(),-12} not answered");
        }

        return isWhole ? 0 : 1;
    }
}
