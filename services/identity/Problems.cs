using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Identity;

/// <summary>Refusals of this service's own API. Those of OAuth are its standard's own (<c>error</c>, <c>error_description</c>).</summary>
internal static class Problems
{
    public static readonly ProblemType ClientExists = new ProblemType("IDT-0001", 409, "There is such a client", "Ce client existe déjà")
        .Explained(
            "Un programme est déjà enregistré chez l'émetteur sous ce nom.",
            "Le programme d'une mutuelle est enregistré une deuxième fois au lieu de recevoir un nouveau secret.",
            "Mettez d'abord fin à l'ancien, ou choisissez un autre nom.");

    public static Problem ThereIsSuchAClient() =>
        ClientExists.Because("End it first, or take another name.", "Mettez-y fin d'abord, ou choisissez un autre nom.");

    public static readonly IReadOnlyList<ProblemType> All = [ClientExists];
}
