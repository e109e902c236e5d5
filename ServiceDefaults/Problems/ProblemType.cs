namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>A kind of refusal with a code that never changes. Its page is served by the gateway at <c>/problems/{code}</c>.</summary>
/// <param name="Code">Stable, e.g. <c>INT-0004</c>; never translated.</param>
/// <param name="Status">HTTP status, 4xx or 5xx.</param>
/// <param name="Title">English, fixed.</param>
/// <param name="TitleFr">French, fixed.</param>
public sealed record ProblemType(string Code, int Status, string Title, string TitleFr)
{
    /// <param name="detail">What is wrong this time and what to do, in English.</param>
    /// <param name="detailFr">The same for a French reader. Neither may hold personal or clinical data.</param>
    /// <param name="errors">The fields at fault, for bad input.</param>
    public Problem Because(string detail, string detailFr, params FieldError[] errors) => new(this, detail, detailFr, errors);
}

/// <summary>One field at fault.</summary>
/// <param name="Pointer">JSON pointer of the field, e.g. <c>#/patient/nir</c>.</param>
/// <param name="Code">Stable code of the fault, e.g. <c>invalid_key</c>.</param>
/// <param name="Detail">A sentence that helps; French.</param>
public sealed record FieldError(string Pointer, string Code, string Detail);

/// <summary>A refusal from where none can be returned; it is answered like a returned <see cref="Problem"/>.</summary>
public sealed class ProblemException : Exception
{
    internal ProblemException(Problem problem)
        : base(problem.Type.Code) => Problem = problem;

    public Problem Problem { get; }
}
