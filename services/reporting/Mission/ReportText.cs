using System.Globalization;

namespace SecondOpinion.Reporting.Mission;

/// <summary>The words of a mission report, the same on paper and on the page; French.</summary>
internal static class ReportText
{
    public const string Subject = "Rapport annuel du comité de mission : indicateurs calculés et sourcés";
    public const string CommentHead = "Commentaire du comité de mission";
    public const string DoubtsHead = "Chiffres publiés en doute";
    public const string DoubtsIntroduction =
        "Ces chiffres ont été publiés ailleurs pour l'une des trois années. Ils diffèrent du calcul de plus que leur arrondi, ou se contredisent. Ils sont "
        + "signalés, et non corrigés.";
    public const string ConclusionHead = "Conclusion du comité de mission";
    public const string MembersHead = "Le comité de mission";
    public const string NotesHead = "Notes : définition, population et source de chaque chiffre";
    public const string SealHead = "Empreinte";
    private static readonly CultureInfo French = CultureInfo.GetCultureInfo("fr-FR");

    public static string Title(MissionReport report) => $"Rapport de mission {report.Year}";

    public static string Introduction(MissionReport report) =>
        $"Chaque chiffre est calculé à partir des événements de la plateforme, arrêtés au 31 décembre {report.Year} (heure de Paris). Le numéro entre crochets "
        + "renvoie à sa note. «\u00A0n\u00A0» est le nombre de personnes ou de réponses dont une part est tirée. Un groupe de moins de onze personnes n'est "
        + "pas publié, ni ce qui permettrait de le déduire.";

    public static IReadOnlyList<string> Heads(MissionReport report) =>
        ["Indicateur", $"{report.Year - 2}", $"{report.Year - 1}", $"{report.Year}", $"Objectif {report.Year}"];

    public static IReadOnlyList<string> Row(MissionReport.MissionLine line) =>
        [$"{line.Label} [{line.Note}]", .. line.Values.Select(Value), line.Target ?? "–"];

    public static string Value(MissionReport.MissionValue value)
    {
        var of = value.Of is { } n ? $" (n = {n.ToString("N0", French)})" : "";
        var interval = value is { Low: { } low, High: { } high } ? $" [{low.ToString("0.0", French)} ; {high.ToString("0.0", French)}]" : "";
        return $"{value.Text}{of}{interval}";
    }

    public static string Note(MissionReport.MissionNote note) =>
        $"{note.Definition} (définition, version {note.Version}) Population\u00A0: {note.Population} Source\u00A0: {note.Source}";

    public static IReadOnlyList<string> Seal(MissionReport report) =>
    [
        $"SHA-256 des données et du programme\u00A0: {report.Seal.Sha256}",
        $"SHA-256 des données seules\u00A0: {report.Seal.Data}",
        $"Programme\u00A0: {report.Seal.Program}",
        "Les mêmes données et le même programme donnent le même fichier, octet pour octet\u00A0: qui les détient peut le vérifier.",
    ];
}
