namespace SecondOpinion.Intake.Social;

/// <summary>
/// The social facts that are asked, always optional, with why. Occupation is kept in both grids: INSEE's eight groups (PCS, level 1) and the six categories of
/// the mission report, by a mapping that has a version, since the report announces a new grid.
/// </summary>
internal static class SocialCodes
{
    public const int MappingVersion = 1;
    public const string PreferNotToSay = "prefer_not_to_say";

    /// <summary>One answer to a social question.</summary>
    /// <param name="Code">What is saved.</param>
    /// <param name="Text">What people read; French.</param>
    internal sealed record Option(string Code, string Text);

    /// <summary>One optional social question.</summary>
    /// <param name="Id">The field of the answer, e.g. <c>pcsGroup</c>.</param>
    /// <param name="Text">The question, in French.</param>
    /// <param name="Why">Why it is asked, in French.</param>
    /// <param name="Options">What can be answered.</param>
    internal sealed record Item(string Id, string Text, string Why, IReadOnlyList<Option> Options);

    public static readonly Item Pcs = new(
        "pcsGroup", "Quelle est votre situation professionnelle ?",
        "Pour vérifier que le service profite à tous les métiers, et pas seulement à quelques-uns. Votre réponse ne change rien à votre dossier.",
        [
            new("1", "Agriculteur ou agricultrice exploitant"),
            new("2", "Artisan, commerçant ou chef d'entreprise"),
            new("3", "Cadre ou profession intellectuelle supérieure"),
            new("4", "Profession intermédiaire (infirmier, technicien, enseignant du primaire…)"),
            new("5", "Employé ou employée"),
            new("6", "Ouvrier ou ouvrière"),
            new("7", "Retraité ou retraitée"),
            new("8", "Sans activité professionnelle, étudiant ou au foyer"),
            new(PreferNotToSay, "Je préfère ne pas répondre"),
        ]);

    public static readonly Item Disability = new(
        "disability", "Vivez-vous avec un handicap, visible ou non ?",
        "Pour savoir si le service est accessible à tous, et vous proposer une aide par téléphone si vous le souhaitez.",
        [new("yes", "Oui"), new("no", "Non"), new(PreferNotToSay, "Je préfère ne pas répondre")]);

    public static readonly Item HeardFrom = new(
        "heardFrom", "Comment avez-vous connu le service ?",
        "Pour savoir qui informe les malades, et qui ne le fait pas encore.",
        [
            new("physician", "Par un médecin"),
            new("insurer", "Par ma complémentaire santé"),
            new("employer", "Par mon employeur"),
            new("association", "Par une association de patients"),
            new("relative", "Par un proche"),
            new("press", "Par la presse, la radio ou la télévision"),
            new("internet", "Par internet"),
            new("other", "Autrement"),
            new(PreferNotToSay, "Je préfère ne pas répondre"),
        ]);

    public static readonly IReadOnlyList<Item> All = [Pcs, Disability, HeardFrom];

    public static IEnumerable<string> PcsCodes => Pcs.Options.Select(o => o.Code);

    public static IEnumerable<string> DisabilityCodes => Disability.Options.Select(o => o.Code);

    public static IEnumerable<string> HeardFromCodes => HeardFrom.Options.Select(o => o.Code);

    /// <summary>The mission report's grid: CSP+, employés, professions intermédiaires, autres, sans activité, retraités.</summary>
    private static readonly Dictionary<string, string> MissionOf = new()
    {
        ["1"] = "other",
        ["2"] = "csp_plus",
        ["3"] = "csp_plus",
        ["4"] = "intermediate",
        ["5"] = "employee",
        ["6"] = "other",
        ["7"] = "retired",
        ["8"] = "inactive",
    };

    public static string? Mission(string? pcs) => pcs is null ? null : MissionOf.GetValueOrDefault(pcs, PreferNotToSay);

    public static bool Has(this Item item, string? code) => code is null || item.Options.Any(o => o.Code == code);
}
