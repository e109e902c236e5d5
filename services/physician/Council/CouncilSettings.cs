using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Physician.Council;

/// <summary>Section <c>Council</c>: how the scientific council decides; checked at start.</summary>
internal sealed class CouncilSettings : ISettings
{
    public static string Section => "Council";

    /// <summary>Seats of the council.</summary>
    public int Members { get; set; } = 8;

    /// <summary>Votes without which nothing is decided, abstentions included: more than half of the seats.</summary>
    public int Quorum { get; set; } = 5;

    /// <summary>Members who read the file and give their reasons before anybody votes.</summary>
    public int Reviewers { get; set; } = 2;

    /// <summary>How long an admission holds.</summary>
    public int ReviewEveryYears { get; set; } = 3;

    public string? Fault() => Members >= 1 && Quorum <= Members && Quorum > Members / 2 && Reviewers >= 1 && Reviewers <= Members && ReviewEveryYears >= 1
        ? null
        : "Section Council: Quorum is more than half of Members and at most all, Reviewers at least 1 and at most Members, ReviewEveryYears at least 1.";
}
