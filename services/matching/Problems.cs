using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Matching;

/// <summary>What matching refuses, with codes that never change.</summary>
internal static class Problems
{
    public static readonly ProblemType NotWaiting =
        new ProblemType("MAT-0001", 409, "The case is not waiting for a physician", "Le dossier n'attend pas de médecin")
        .Explained(
            "Le dossier n'est pas de ceux auxquels on peut proposer un médecin à la main.",
            "Le dossier a trouvé son médecin pendant que le coordinateur choisissait.",
            "Relisez l'avancement par ShowMatching ; il n'y a à choisir que pour un dossier en attente ou signalé.");
    public static readonly ProblemType CannotBeAsked =
        new ProblemType("MAT-0002", 409, "This physician cannot be asked", "Ce médecin ne peut pas être sollicité")
        .Explained(
            "Ce médecin ne peut pas recevoir ce dossier.",
            "Il exerce dans l'établissement qui soigne le patient, est absent, ou a déjà été sollicité.",
            "« detail » dit pourquoi ; choisissez un autre médecin de la liste.");

    /// <param name="state">Where the case stands.</param>
    public static Problem CaseIs(MatchingState state) =>
        NotWaiting.Because($"The case is {state.Word()}.", "Le dossier n'est ni en attente ni signalé à un coordinateur.");

    /// <param name="verdict">Why the physician cannot take the case.</param>
    public static Problem PhysicianIs(Verdict verdict)
    {
        var (detail, detailFr) = verdict switch
        {
            Verdict.NotIndependent => ("The physician practises where the patient is treated, or in the same legal entity.",
                "Ce médecin exerce dans l'établissement qui soigne le patient, ou dans la même entité juridique."),
            Verdict.TreatsPatient => ("The physician asks for this opinion, treats the patient or coordinates the care.",
                "Ce médecin demande cet avis, soigne le patient ou coordonne ses soins."),
            Verdict.DeclaredTie => ("The physician has declared a tie with who or where treats the patient.",
                "Ce médecin a déclaré un lien avec un médecin ou un établissement qui soigne le patient."),
            Verdict.AlreadyAsked => ("The physician was asked for this case before.", "Ce médecin a déjà été sollicité pour ce dossier."),
            Verdict.Away => ("The physician is away, or on leave for most of the time that is left.",
                "Ce médecin est absent, ou en congé pendant l'essentiel du temps qui reste."),
            Verdict.OtherAge => ("The physician sees patients of another age.", "Ce médecin ne voit pas les patients de cet âge."),
            Verdict.WeekFull => ("The physician has had as many new cases as wanted in a week.",
                "Ce médecin a déjà reçu le nombre de nouveaux dossiers qu'il accepte par semaine."),
            _ => ("All places of the physician are taken.", "Ce médecin n'a plus de place disponible."),
        };
        return CannotBeAsked.Because(detail, detailFr);
    }

    public static readonly IReadOnlyList<ProblemType> All = [NotWaiting, CannotBeAsked];
}
