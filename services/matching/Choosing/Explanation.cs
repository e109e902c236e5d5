using System.Globalization;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Matching.Choosing;

/// <summary>Says in French why a physician was asked and others were not; it names nobody, so a coordinator may read it to a patient.</summary>
internal static class Explanation
{
    public static string Of(Basis basis, Guid? chosen, IReadOnlyList<Candidate> candidates)
    {
        if (basis == Basis.Coordinator)
        {
            return "Un coordinateur a désigné ce médecin, qui remplit les mêmes conditions que les autres.";
        }

        var looked = candidates.Count > 1 ? "ont été examinés" : "a été examiné";
        var among = basis == Basis.Specialty
            ? $"Aucun médecin n'est référent de cette maladie\u00A0: {Count(candidates.Count, "médecin")} de la spécialité {looked}."
            : $"{Count(candidates.Count, "médecin référent", "médecins référents")} de cette maladie {looked}.";
        if (candidates.FirstOrDefault(c => c.PhysicianId == chosen) is not { } taken)
        {
            return candidates.Count == 0
                ? "Aucun médecin n'est référent de cette maladie ni de sa spécialité. Un coordinateur cherche."
                : $"{among} Aucun ne peut recevoir le dossier pour le moment. {Left(candidates)}".TrimEnd();
        }

        var others = candidates.Where(c => c.Reason == Verdict.Eligible).ToList();
        var why = others.TrueForAll(c => Load(taken) <= Load(c)) ? "la part la plus faible parmi ceux qui pouvaient recevoir le dossier"
            : others.TrueForAll(c => taken.Score <= c.Score)
            ? "parmi ceux qui pouvaient recevoir le dossier, sa pratique de cette maladie et le temps qu'il lui faut pèsent plus que ses dossiers en cours"
            : "d'autres dossiers attendaient au même moment, et ce choix donne un médecin à chacun";
        var before = taken.LastOfferedAt is { } last
            ? $"sa dernière proposition date du {FrenchTime.Sentence(last)}"
            : "il n'avait pas encore reçu de proposition";
        var load = $"{Count(taken.OpenCases, "dossier")} en cours pour {Count(taken.Capacity, "place")}";
        return $"{among} Le médecin choisi a {load}\u00A0: {why}\u00A0; {before}. {Left(candidates)}"
            .TrimEnd();
    }

    private static string Left(IReadOnlyList<Candidate> candidates)
    {
        var left = candidates.Where(c => Word(c.Reason) is not null).GroupBy(c => c.Reason).OrderBy(g => g.Key)
            .Select(g => $"{g.Count().ToString(CultureInfo.InvariantCulture)} {Word(g.Key)}").ToList();
        return left.Count == 0 ? "" : $"N'ont pas été retenus\u00A0: {string.Join(", ", left)}.";
    }

    private static string? Word(Verdict verdict) => verdict switch
    {
        Verdict.Full => "sans place libre",
        Verdict.WeekFull => "avec assez de nouveaux dossiers pour la semaine",
        Verdict.Away => "en absence",
        Verdict.AlreadyAsked => "déjà sollicité pour ce dossier",
        Verdict.OtherAge => "pour des patients d'un autre âge",
        Verdict.OtherLanguage => "sans la langue du patient",
        Verdict.NotIndependent => "exerçant là où la personne est soignée",
        Verdict.TreatsPatient => "participant aux soins de la personne",
        Verdict.DeclaredTie => "ayant déclaré un lien avec ces soins",
        _ => null,
    };

    private static double Load(Candidate candidate) => candidate.Capacity == 0 ? 1 : (double)candidate.OpenCases / candidate.Capacity;

    private static string Count(int number, string one, string? many = null) =>
        $"{number.ToString(CultureInfo.InvariantCulture)} {(number > 1 ? many ?? one + "s" : one)}";
}
