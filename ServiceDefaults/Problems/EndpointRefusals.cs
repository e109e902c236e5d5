using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;

namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>Which refusals an endpoint can answer: those it names, and those that follow from what it is. The tests' services note any
/// other.</summary>
public static class EndpointRefusals
{
    /// <summary>Names the endpoint's own refusals. Those of roles, routes, bodies, retries and preconditions are known without.</summary>
    public static TBuilder Refuses<TBuilder>(this TBuilder endpoint, params ProblemType[] types) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new Named(types));

    /// <summary>All of them, by status and code.</summary>
    /// <param name="metadata">The endpoint's.</param>
    /// <param name="hasRouteParameters">Whether its path names an object.</param>
    public static IReadOnlyList<ProblemType> Of(IEnumerable<object> metadata, bool hasRouteParameters)
    {
        var all = metadata as IReadOnlyCollection<object> ?? [.. metadata];
        // Any query is read as text first; any answer may need what is away, or meet a fault of ours.
        var types = new HashSet<ProblemType> { CommonProblems.InvalidInput, CommonProblems.Unavailable, CommonProblems.Unexpected };
        types.UnionWith(all.OfType<Named>().SelectMany(n => n.Types));
        // Nothing is open unless it says so.
        if (!all.OfType<IAllowAnonymous>().Any())
        {
            types.UnionWith([CommonProblems.Unauthenticated, CommonProblems.Forbidden, .. Access.TokenProblems.All]);
        }

        if (hasRouteParameters)
        {
            types.Add(CommonProblems.NotFound);
        }

        if (all.OfType<IAcceptsMetadata>().Any())
        {
            types.UnionWith([CommonProblems.BadRequest, CommonProblems.TooLarge, CommonProblems.UnsupportedMediaType]);
        }

        // A parameter that must be there, or must be of a form (a route's constraint is a 404 instead).
        if (all.OfType<IParameterBindingMetadata>().Any(p => p.HasTryParse || !p.IsOptional))
        {
            types.Add(CommonProblems.BadRequest);
        }

        if (all.OfType<RequiresIdempotencyKey>().Any())
        {
            types.UnionWith([CommonProblems.IdempotencyKeyMissing, CommonProblems.IdempotencyKeyReused, CommonProblems.IdempotencyInFlight]);
        }

        if (all.OfType<ResponseHeaders.InParts>().Any())
        {
            types.Add(CommonProblems.RangeBeyondEnd);
        }

        if (all.OfType<TakesIfMatch>().FirstOrDefault() is { } precondition)
        {
            types.UnionWith([CommonProblems.BadRequest, CommonProblems.PreconditionFailed]);
            if (precondition.IsRequired)
            {
                types.Add(CommonProblems.PreconditionRequired);
            }
        }

        return [.. types.OrderBy(t => t.Status).ThenBy(t => t.Code, StringComparer.Ordinal)];
    }

    /// <summary>Whether an endpoint's description names this refusal.</summary>
    public static bool Declares(RouteEndpoint endpoint, ProblemType type) =>
        Of(endpoint.Metadata, endpoint.RoutePattern.Parameters.Count > 0).Any(known => known.Code == type.Code);

    private sealed record Named(IReadOnlyList<ProblemType> Types);
}
