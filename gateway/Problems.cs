using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Gateway;

/// <summary>What the gateway itself refuses; a service's own refusals pass through unchanged.</summary>
internal static class Problems
{
    public static readonly ProblemType ServiceFailed =
        new("GTW-0001", 502, "A part of the service broke off its answer", "Une partie du service a interrompu sa réponse");
    public static readonly ProblemType ServiceAway =
        new("GTW-0002", 503, "A part of the service is away for a moment", "Une partie du service est indisponible pour un instant");
    public static readonly ProblemType ServiceTooSlow =
        new("GTW-0003", 504, "A part of the service did not answer in time", "Une partie du service n'a pas répondu à temps");

    public static readonly IReadOnlyList<ProblemType> All = [ServiceFailed, ServiceAway, ServiceTooSlow];
}
