using System.Globalization;
using System.Security.Cryptography;
using SecondOpinion.Servers;

namespace SecondOpinion.AppHost;

/// <summary>
/// The settings with which Aspire's host and dashboard start here, whoever starts the program: what a launch profile would hold, and nothing is looked up on
/// the internet.
/// </summary>
/// <param name="Url">Where it is, with the token of this run; null when there is none.</param>
/// <param name="Token">Lets people log in, and programs read what it has received (<c>x-api-key</c>).</param>
/// <param name="Settings">Arguments for the builder.</param>
internal sealed record Dashboard(string? Url, string Token, IReadOnlyList<string> Settings)
{
    public static Dashboard Choose(RunOptions options, Ports ports)
    {
        var settings = new Dictionary<string, string>
        {
            // Everything listens on this machine only.
            ["ASPIRE_ALLOW_UNSECURED_TRANSPORT"] = "true",
            ["ASPIRE_VERSION_CHECK_DISABLED"] = "true",
            ["ASPIRE_DASHBOARD_TELEMETRY_OPTOUT"] = "true",
            // Telemetry of a medical service is not kept on somebody's disk: docs/decisions/0051.
            ["ASPIRE_DASHBOARD_PERSISTENCE_MODE"] = "None",
            ["AppHost:DashboardApplicationName"] = "SecondOpinion",
            // The host's own messages are printed by Running; the rest is of interest when something is wrong.
            ["Logging:LogLevel:Default"] = "Warning",
            ["Logging:LogLevel:Aspire.Hosting.Dcp"] = "Error",
            // The host ends after its children.
            ["DcpPublisher:WaitForResourceCleanup"] = "true",
        };
        string? url = null;
        var token = RandomNumberGenerator.GetHexString(32, lowercase: true);
        if (options.Dashboard is { } first)
        {
            var page = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{(first == 0 ? ports.Any() : ports.From(first))}");
            settings["ASPNETCORE_URLS"] = page;
            settings["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{ports.Any()}");
            settings["ASPIRE_DASHBOARD_FRONTEND_BROWSERTOKEN"] = token;
            url = $"{page}/login?t={token}";
        }

        return new Dashboard(url, token, [.. settings.Select(setting => $"--{setting.Key}={setting.Value}")]);
    }
}
