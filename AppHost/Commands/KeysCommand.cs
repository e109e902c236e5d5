using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.AppHost.Commands;

/// <summary>
/// <c>./run keys [VERSION]</c>: says over all running services which versions of keys are still needed, and whether one can leave the configuration.
/// </summary>
internal static class KeysCommand
{
    /// <returns>0 when the asked version can leave (or, without one, when the report was had); 1 when it cannot; 2 when nobody could be asked.</returns>
    public static async Task<int> Run(string[] args)
    {
        var wanted = args.FirstOrDefault() is { } first && !first.StartsWith('-') ? first : null;
        var options = new ConfigurationBuilder().AddCommandLine(wanted is null ? args : args[1..]).Build();
        using var http = await OpsClient.Open(options, "keys", TimeSpan.FromSeconds(30));
        if (http is null)
        {
            return 2;
        }

        JsonElement report;
        try
        {
            report = JsonElement.Parse(await http.GetStringAsync("/api/v1/keys"));
        }
        catch (HttpRequestException exception)
        {
            Console.Error.WriteLine($"{http.BaseAddress} does not tell ({exception.Message}). All services must run for an answer.");
            return 2;
        }

        return Print(report, wanted, Console.Out);
    }

    internal static int Print(JsonElement report, string? wanted, TextWriter output)
    {
        var unanswered = report.GetProperty("unanswered").EnumerateArray().Select(s => s.GetString()).ToList();
        var versions = report.GetProperty("versions").EnumerateArray().Where(v => wanted is null || v.GetProperty("version").GetString() == wanted).ToList();
        foreach (var version in versions)
        {
            output.WriteLine(
                $"{version.GetProperty("purpose").GetString()} {version.GetProperty("version").GetString()}: "
                    + $"{(version.GetProperty("canLeave").GetBoolean() ? "can leave" : "must stay")}");
            foreach (var use in version.GetProperty("services").EnumerateArray())
            {
                var words = new List<string> { $"{use.GetProperty("rows").GetInt64()} rows" };
                if (use.GetProperty("isCurrent").GetBoolean())
                {
                    words.Add("current");
                }

                if (!use.GetProperty("isConfigured").GetBoolean())
                {
                    words.Add("NOT CONFIGURED: these rows cannot be read");
                }

                output.WriteLine($"  {use.GetProperty("service").GetString()}: {string.Join(", ", words)}");
            }
        }

        if (unanswered.Count > 0)
        {
            output.WriteLine($"Not answered: {string.Join(", ", unanswered)}. No version can leave before these were asked.");
        }

        if (wanted is not null && versions.Count == 0)
        {
            output.WriteLine($"No service that answered knows a version {wanted}.");
        }

        return wanted is null || (unanswered.Count == 0 && versions.All(v => v.GetProperty("canLeave").GetBoolean())) ? 0 : 1;
    }
}
