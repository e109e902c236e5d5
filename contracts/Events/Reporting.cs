using MassTransit;

namespace SecondOpinion.Contracts.Reporting;

/// <summary>So many people were given a link to a survey. It names nobody: no answer leads back to a case.</summary>
[EntityName("reporting.survey-sent.v1")]
[MessageUrn("reporting:survey-sent:v1")]
public sealed record SurveySent
{
    public required Guid SendingId { get; init; }

    /// <summary><c>recommendation</c> (seven days after the opinion) or <c>six_months</c>.</summary>
    public required string Survey { get; init; }

    /// <summary>How many links were given out.</summary>
    public required int People { get; init; }

    public required DateTimeOffset SentAt { get; init; }
}

/// <summary>Somebody answered a survey. Codes only, and the month for a date: it cannot be joined to whoever answered.</summary>
[EntityName("reporting.survey-answered.v1")]
[MessageUrn("reporting:survey-answered:v1")]
public sealed record SurveyAnswered
{
    public required Guid AnswerId { get; init; }

    /// <summary><c>recommendation</c> or <c>six_months</c>.</summary>
    public required string Survey { get; init; }

    /// <summary>Would recommend the service; null when the question was left out.</summary>
    public required bool? Recommends { get; init; }

    /// <summary>0 to 10; null when left out.</summary>
    public required int? Score { get; init; }

    /// <summary>What became of the opinion: <c>followed</c>, <c>partly</c>, <c>not_followed</c> or <c>undecided</c>; null when left out.</summary>
    public required string? Followed { get; init; }

    /// <summary>An operation that was planned did not take place; null when left out or none was planned.</summary>
    public required bool? OperationAvoided { get; init; }

    /// <summary>The first moment of the month (Paris) in which the answer came.</summary>
    public required DateTimeOffset AnsweredIn { get; init; }
}
