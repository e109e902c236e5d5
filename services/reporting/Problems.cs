using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Reporting;

internal static class Problems
{
    public static readonly ProblemType PeriodReversed = new("REP-0001", 400, "The period ends before it begins", "La période se termine avant de commencer");

    public static readonly IReadOnlyList<ProblemType> All = [PeriodReversed];
}
