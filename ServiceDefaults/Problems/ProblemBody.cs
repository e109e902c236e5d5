namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>A refusal as it is answered (RFC 9457, application/problem+json), in French or in English by Accept-Language.</summary>
/// <param name="Type">Address of the page that explains this kind of refusal; it resolves, e.g.
/// <c>https://api.secondopinion.example/problems/REQ-0005</c>.</param>
/// <param name="Title">The kind of refusal in a few words, always the same for a code.</param>
/// <param name="Status">The HTTP status again.</param>
/// <param name="Detail">What is wrong this time and what to do. Never personal or clinical data.</param>
/// <param name="Code">Stable and never translated: what a program decides by, e.g. <c>REQ-0005</c>.</param>
/// <param name="TraceId">What support asks for: 32 hexadecimal digits, also in the header Request-Id.</param>
/// <param name="Errors">The fields at fault, when the refusal is about fields.</param>
public sealed record ProblemBody(string Type, string Title, int Status, string Detail, string Code, string TraceId, IReadOnlyList<FieldError>? Errors = null)
{
    /// <summary>Its name in the API description.</summary>
    public const string Schema = "Problem";
}
