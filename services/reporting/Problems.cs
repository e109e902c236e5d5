using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Reporting;

internal static class Problems
{
    public static readonly ProblemType PeriodReversed = new("REP-0001", 400, "The period ends before it begins", "La période se termine avant de commencer");

    public static Problem EndsBeforeItBegins() => PeriodReversed.Because(
        "`openedFrom` must not be after `openedTo`.", "« openedFrom » ne peut pas être après « openedTo ».",
        new FieldError("#/openedFrom", "after_openedTo", "Date postérieure à « openedTo »."));

    public static readonly IReadOnlyList<ProblemType> All = [PeriodReversed];
}
