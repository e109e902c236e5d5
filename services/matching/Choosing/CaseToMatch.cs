namespace SecondOpinion.Matching.Choosing;

/// <param name="AlreadyAsked">Physicians who had an offer of this case.</param>
internal sealed record CaseToMatch(string PathologyCode, string SpecialtyCode, string? TreatingEstablishment, IReadOnlySet<Guid> AlreadyAsked);
