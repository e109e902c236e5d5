using SecondOpinion.ServiceDefaults.Description;

namespace SecondOpinion.Intake.Information;

/// <summary>A question of the physician to the patient.</summary>
/// <param name="RequestId">The question.</param>
/// <param name="Text">French, as the physician wrote it.</param>
/// <param name="RequestedAt">When it was asked; the clock stands still from then.</param>
/// <param name="Answer">The patient's answer; null before.</param>
/// <param name="ProvidedAt">When it was answered; null before.</param>
/// <param name="LapsedAt">When it stopped waiting without an answer, so that the opinion could go on; null otherwise.</param>
[HealthData]
internal sealed record InformationRequestView(
    Guid RequestId, string Text, DateTimeOffset RequestedAt, string? Answer, DateTimeOffset? ProvidedAt, DateTimeOffset? LapsedAt = null);

/// <summary>What of <c>information_request</c> is sealed, each for its row.</summary>
internal static class RequestColumns
{
    public static readonly SealedPlace Question = new("information_request", "sealed_question");
    public static readonly SealedPlace Answer = new("information_request", "sealed_answer");
}
