using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;

namespace SecondOpinion.Gateway.Audit;

/// <summary>Whether anybody touched a service's audit record, asked of every service: <c>./run audit verify</c> prints this.</summary>
internal static class ShowAuditChains
{
    /// <param name="Services">What each found in its own record.</param>
    /// <param name="Unanswered">Services that could not be asked.</param>
    public sealed record AuditChains(IReadOnlyDictionary<string, AuditReport> Services, IReadOnlyList<string> Unanswered);

    public static void Map(WebApplication app) => app.MapGet($"{Routes.Api}/audit/chains", Handle).AllowRoles(Roles.Ops).ExcludeFromDescription();

    private static async Task<Ok<AuditChains>> Handle(Asked asked, CancellationToken cancel)
    {
        var answers = await Task.WhenAll(Routes.Services.Select(async service =>
            (service, Report: await asked.Of<AuditReport>(service, HttpMethod.Get, "/audit/chain", null, cancel))));
        return TypedResults.Ok(new AuditChains(
            answers.Where(a => a.Report is not null).ToDictionary(a => a.service, a => a.Report!),
            [.. answers.Where(a => a.Report is null).Select(a => a.service)]));
    }
}
