using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Identity.Keys;

/// <summary>Loads the keys before the first request and looks every minute whether one is due, or was made by another process.</summary>
internal sealed class KeepKeys(IssuerKeys keys, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await keys.Keep(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await Task.Delay(Interval, cancel);
        await keys.Keep(cancel);
        return Next.Now;
    }
}

/// <summary><c>POST /issuer-keys</c>: another key follows now, by the hand of an operator.</summary>
internal static class RotateKeys
{
    /// <param name="AtOnce">The present key is known to somebody: the new one signs from now on, and tokens of the former ones are refused within five
    /// minutes.</param>
    public sealed record Request(bool AtOnce);

    public static void Map(WebApplication app) => app.MapPost("/issuer-keys", Handle).AllowRoles(Roles.Ops).ExcludeFromDescription();

    private static async Task<NoContent> Handle(Request request, IssuerKeys keys, CancellationToken cancel)
    {
        await keys.Rotate(request.AtOnce, cancel);
        return TypedResults.NoContent();
    }
}
