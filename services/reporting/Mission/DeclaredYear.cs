using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Description;

namespace SecondOpinion.Reporting.Mission;

/// <summary>
/// What nobody can compute of a year of the mission: who sits on the committee, what was aimed at, said, signed and done, and what was published.
/// </summary>
/// <param name="Members">The mission's committee.</param>
/// <param name="Targets">What was aimed at for the year.</param>
/// <param name="Comments">What the committee says, one text a commitment.</param>
/// <param name="Conclusion">The committee's conclusion; empty for none.</param>
/// <param name="Partnerships">Conventions signed in the year, renewals too.</param>
/// <param name="Actions">What was done in the year.</param>
/// <param name="Published">Figures that were published elsewhere for the year: the report compares its own with them.</param>
internal sealed record DeclaredYear(
    [property: MaxLength(DeclaredYear.MaxItems)] IReadOnlyList<CommitteeMember> Members,
    [property: MaxLength(DeclaredYear.MaxItems)] IReadOnlyList<MissionTarget> Targets,
    [property: MaxLength(4)] IReadOnlyList<CommitteeComment> Comments,
    [property: MaxLength(DeclaredYear.MaxText)] string Conclusion,
    [property: MaxLength(DeclaredYear.MaxItems)] IReadOnlyList<Partnership> Partnerships,
    [property: MaxLength(DeclaredYear.MaxItems)] IReadOnlyList<MissionAction> Actions,
    [property: MaxLength(DeclaredYear.MaxItems)] IReadOnlyList<PublishedFigure> Published)
{
    public const int MaxItems = 200;
    public const int MaxLine = 200;
    public const int MaxText = 4000;
    public const string Establishment = "establishment";
    public const string Association = "association";
    public const string Study = "study";
    public const string Pilot = "pilot";
    public static readonly string[] PartnerKinds = [Establishment, Association];
    public static readonly string[] ActionKinds = ["webinar", "evening", "mailing", "insurer_campaign", "event", Study, Pilot];
    public static readonly DeclaredYear Nothing = new([], [], [], "", [], [], []);

    /// <summary>Of each year up to this one, the latest version.</summary>
    public static async Task<IReadOnlyDictionary<int, (int Version, DeclaredYear Content)>> ReadAll(NpgsqlConnection db, int upTo) =>
        (await db.QueryAsync<(int Year, int Version, string Content)>(
            """
            select distinct on (year) year, version, content::text
            from mission_year_version
            where year <= @upTo
            order by year, version desc
            """,
            new { upTo }))
        .ToDictionary(row => row.Year, row => (row.Version, JsonSerializer.Deserialize<DeclaredYear>(row.Content, JsonSerializerOptions.Web)!));
}

/// <summary>A member of the mission's committee.</summary>
/// <param name="Name">As printed.</param>
/// <param name="Role">E.g. <c>Médecin spécialiste</c>.</param>
internal sealed record CommitteeMember([property: Length(1, DeclaredYear.MaxLine)] string Name, [property: Length(1, DeclaredYear.MaxLine)] string Role);

/// <summary>What was aimed at.</summary>
/// <param name="Indicator">Code of the indicator.</param>
/// <param name="Text">As printed, e.g. <c>&gt; 95 %</c>.</param>
internal sealed record MissionTarget(
    [property: Codes(typeof(MissionCatalogue), nameof(MissionCatalogue.Codes))] string Indicator, [property: Length(1, DeclaredYear.MaxLine)] string Text);

/// <summary>What the committee says of one commitment.</summary>
/// <param name="Commitment">1 to 4.</param>
/// <param name="Text">As printed; lines are kept.</param>
internal sealed record CommitteeComment([property: Range(1, 4)] int Commitment, [property: Length(1, DeclaredYear.MaxText)] string Text);

/// <summary>A convention with an establishment or an association of patients.</summary>
/// <param name="Kind"><c>establishment</c> or <c>association</c>.</param>
/// <param name="Name">The partner, written the same every time: one that signed in a year before is a renewal.</param>
/// <param name="SignedOn">Day of the signature, in the year.</param>
internal sealed record Partnership(
    [property: Codes(typeof(DeclaredYear), nameof(DeclaredYear.PartnerKinds))] string Kind, [property: Length(1, DeclaredYear.MaxLine)] string Name,
    DateOnly SignedOn);

/// <summary>Something that was done for the mission.</summary>
/// <param name="Kind">
/// <c>webinar</c>, <c>evening</c>, <c>mailing</c>, <c>insurer_campaign</c>, <c>event</c>; <c>study</c> and <c>pilot</c> have indicators of their own.
/// </param>
/// <param name="Title">As printed.</param>
/// <param name="HeldOn">Its day, or the first one, in the year.</param>
/// <param name="People">How many people it reached; null when not known.</param>
internal sealed record MissionAction(
    [property: Codes(typeof(DeclaredYear), nameof(DeclaredYear.ActionKinds))] string Kind, [property: Length(1, DeclaredYear.MaxLine)] string Title,
    DateOnly HeldOn, [property: Range(0, 100_000_000)] int? People);

/// <summary>A figure that was published for the year.</summary>
/// <param name="Indicator">Code of the indicator.</param>
/// <param name="Group">Code of the group where the indicator is cut into groups; null otherwise.</param>
/// <param name="Value">As published, with the decimals that were printed: 97.1, not 97.10.</param>
internal sealed record PublishedFigure(
    [property: Codes(typeof(MissionCatalogue), nameof(MissionCatalogue.Codes))] string Indicator, [property: MaxLength(40)] string? Group,
    [property: Range(-1000, 1_000_000_000)] decimal Value);
