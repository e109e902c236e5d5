using System.Diagnostics;
using System.Globalization;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Bench.Gateway;

/// <summary>The real gateway as a process of its own, as it runs in production, but with a quota that a measurement does not use up.</summary>
internal static class RunningGateway
{
    public static Process Start(int port, Uri service)
    {
        var settings = new Dictionary<string, string?>(TestTokens.Settings)
        {
            ["HTTP_PORT"] = port.ToString(CultureInfo.InvariantCulture),
            ["DOTNET_ENVIRONMENT"] = "Production",
            ["services:billing:http:0"] = service.AbsoluteUri,
            // Every request is counted and told what is left, as always.
            ["RateLimits:Partner:Permits"] = int.MaxValue.ToString(CultureInfo.InvariantCulture),
        };
        var start = new ProcessStartInfo(DotNet) { ArgumentList = { "exec", Assembly() }, RedirectStandardOutput = true };
        foreach (var (key, value) in settings)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        var gateway = Process.Start(start)!;
        gateway.OutputDataReceived += (_, line) => Console.Error.WriteLine(line.Data);
        gateway.BeginOutputReadLine();
        return gateway;
    }

    /// <summary>The program that runs this one, or starts the like of it.</summary>
    public static string DotNet => Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath! : "dotnet";

    private static string Assembly()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        for (var folder = own; folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "gateway", "bin", own.Parent!.Name, own.Name, "SecondOpinion.Gateway.dll");
            if (File.Exists(path))
            {
                return path;
            }
        }

        throw new InvalidOperationException("The gateway is not built in this configuration.");
    }
}
