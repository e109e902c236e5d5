using SecondOpinion.Matching.Choosing;

namespace SecondOpinion.Tests.Matching;

/// <summary>A physician as most are: French, for every age, with usual practice and three days for an opinion.</summary>
internal static class Someone
{
    public static Expert Expert(
        Guid id, string[] pathologies, int capacity = 5, int open = 0, string[]? establishments = null, DateTimeOffset? awayUntil = null,
        DateTimeOffset? last = null, string specialty = "SM20", Guid[]? ties = null) =>
        new(id, specialty, pathologies, establishments ?? [], ties ?? [], [], capacity, open, awayUntil, last, ["fr"],
            PatientAges.All, [], [], null, 0, [], 72);
}
