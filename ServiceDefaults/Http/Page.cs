namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>One page of a list.</summary>
/// <param name="Items">At most the asked limit.</param>
/// <param name="Next">Pass it as <c>after</c> for the next page; null on the last one.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
