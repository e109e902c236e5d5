using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Intake.Cases;

/// <summary>A move that somebody can ask for: the operation of the API that carries it out.</summary>
/// <param name="Operation">The operation's name in the API description.</param>
/// <param name="French">After « vous pouvez ».</param>
/// <param name="Roles">Whose tokens the operation takes.</param>
internal sealed record MoveRoute(string Operation, string French, IReadOnlyList<string> Roles);

/// <summary>States and moves as people read them; codes are for programs.</summary>
internal static class CaseWords
{
    private static readonly string[] Writers = [Roles.Patient, Roles.Agent, Roles.Physician];

    /// <summary>Every other move happens by itself: no caller can ask for it.</summary>
    public static readonly IReadOnlyDictionary<CaseMove, MoveRoute> Routes = new Dictionary<CaseMove, MoveRoute>
    {
        [CaseMove.Submit] = new("SubmitCase", "l'envoyer", Writers),
        [CaseMove.ProvideInformation] = new("AnswerInformationRequest", "répondre à la question du médecin", Writers),
        [CaseMove.Close] = new("CloseCase", "le clore", [Roles.Patient]),
        [CaseMove.Withdraw] = new("WithdrawCase", "le retirer", Writers),
    };

    /// <summary>What a caller of this role can ask for in this state; of any role when none is given.</summary>
    public static IReadOnlyList<CaseMove> Open(CaseState state, string? role = null) =>
        [.. CaseLife.AllowedFrom(state).Where(move => Routes.TryGetValue(move, out var route) && (role is null || route.Roles.Contains(role)))];

    /// <summary>After « le dossier est »; « l'avis » has no other form.</summary>
    public static string French(CaseState state) => state switch
    {
        CaseState.Draft => "en cours de rédaction",
        CaseState.Submitted => "envoyé, en cours de vérification",
        CaseState.Incomplete => "incomplet",
        CaseState.Complete => "complet, en attente d'un médecin",
        CaseState.Offered => "proposé à un médecin",
        CaseState.Assigned => "confié à un médecin",
        CaseState.AwaitingInformation => "en attente d'une réponse au médecin",
        CaseState.Delivered => "terminé : l'avis est rendu",
        CaseState.Closed => "clos",
        CaseState.Redirected => "réorienté : un autre recours convient mieux",
        CaseState.Refused => "refusé, faute de prise en charge",
        CaseState.Withdrawn => "retiré",
        CaseState.Escalated => "confié à un coordinateur, qui cherche un médecin",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };
}
