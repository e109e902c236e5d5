using SecondOpinion.ServiceDefaults.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SecondOpinion.ServiceDefaults.Telemetry;

/// <summary>One word for everybody; with a token of ops, each check with its sentence and figures.</summary>
internal static class HealthDetail
{
    private sealed record Check(string Name, string Status, string? Says, IReadOnlyDictionary<string, object> Data);

    private sealed record Detail(string Status, IReadOnlyList<Check> Checks);

    public static Task Write(HttpContext context, HealthReport report) => context.User.IsInRole(Roles.Ops)
        ? context.Response.WriteAsJsonAsync(new Detail(
            report.Status.ToString(),
            [.. report.Entries.Select(e =>
                new Check(e.Key, e.Value.Status.ToString(), e.Value.Description, e.Value.Data.ToDictionary(d => d.Key, d => Plain(d.Value))))]))
        : context.Response.WriteAsync(report.Status.ToString());

    /// <summary>Checks of libraries hand over objects of theirs.</summary>
    private static object Plain(object value) => value is string or bool or int or long or double ? value : value.ToString() ?? "";
}
