using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Matching;

/// <summary>What matching refuses, with codes that never change.</summary>
internal static class Problems
{
    public static readonly ProblemType NotWaiting = new("MAT-0001", 409, "The case is not waiting for a physician", "Le dossier n'attend pas de médecin");
    public static readonly ProblemType CannotBeAsked = new("MAT-0002", 409, "This physician cannot be asked", "Ce médecin ne peut pas être sollicité");

    public static readonly IReadOnlyList<ProblemType> All = [NotWaiting, CannotBeAsked];
}
