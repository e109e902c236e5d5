namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>A kind of refusal with a code that never changes. Its page is served by the gateway at <c>/problems/{code}</c>.</summary>
/// <param name="Code">Stable, e.g. <c>INT-0004</c>; never translated.</param>
/// <param name="Status">HTTP status, 4xx or 5xx.</param>
/// <param name="Title">English, fixed.</param>
/// <param name="TitleFr">French, fixed.</param>
public sealed record ProblemType(string Code, int Status, string Title, string TitleFr)
{
    /// <summary>What its page says; every type of a catalogue has one (tests/Gateway).</summary>
    public ProblemHelp? Help { get; init; }

    /// <summary>The same with its page; French, without codes of ours but names of headers and operations.</summary>
    /// <param name="cause">Why this happens.</param>
    /// <param name="example">A case of it that a reader recognises.</param>
    /// <param name="remedy">What to do.</param>
    public ProblemType Explained(string cause, string example, string remedy) => this with { Help = new(cause, example, remedy) };

    /// <param name="detail">What is wrong this time and what to do, in English.</param>
    /// <param name="detailFr">The same for a French reader. Neither may hold personal or clinical data.</param>
    /// <param name="errors">The fields at fault, for bad input.</param>
    public Problem Because(string detail, string detailFr, params FieldError[] errors) => new(this, detail, detailFr, errors);
}

/// <summary>What the page of a problem says, in French.</summary>
/// <param name="Cause">Why this happens.</param>
/// <param name="Example">A case of it that a reader recognises.</param>
/// <param name="Remedy">What to do.</param>
public sealed record ProblemHelp(string Cause, string Example, string Remedy);

/// <summary>One field at fault.</summary>
/// <param name="Pointer">JSON pointer of the field, e.g. <c>#/patient/nir</c>.</param>
/// <param name="Code">Stable code of the fault, e.g. <c>invalid_key</c>.</param>
/// <param name="Detail">A sentence that helps; French, without codes.</param>
/// <param name="Allowed">The codes that are taken, where the field chooses from a list; else absent.</param>
public sealed record FieldError(
    string Pointer, string Code, string Detail,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    IReadOnlyList<string>? Allowed = null);

/// <summary>A refusal from where none can be returned; it is answered like a returned <see cref="Problem"/>.</summary>
public sealed class ProblemException : Exception
{
    internal ProblemException(Problem problem)
        : base(problem.Type.Code) => Problem = problem;

    public Problem Problem { get; }
}
