using SecondOpinion.Physician.Sharing.Receipts;

namespace SecondOpinion.Physician.Sharing;

/// <summary>Where an opinion stands on its way, in French for patients and physicians.</summary>
internal static class ShareTexts
{
    public static string Of(ShareState state, ShareReason? reason) => (state, reason) switch
    {
        (_, ShareReason.NotAgreed) => "Le patient n'a pas donné son accord pour ce médecin, ou l'a retiré. L'avis part dès que l'accord est donné.",
        (_, ShareReason.NoRecipient) => "Aucun médecin traitant n'est nommé dans le dossier : l'avis est remis au patient seul.",
        (_, ShareReason.IdentityNotQualified) =>
            "L'identité nationale de santé du patient n'est pas qualifiée : l'avis n'est pas transmis, pour ne pas se tromper de dossier. Le patient peut le "
            + "remettre lui-même.",
        (_, ShareReason.NoMailbox) => "L'Annuaire santé ne connaît pas de boîte MSSanté personnelle à ce médecin. Elle est recherchée chaque semaine.",
        (_, ShareReason.CaseOver) => "Le dossier est clos ou effacé : l'avis n'est plus transmis.",
        (_, ShareReason.AddressRefused) => "L'opérateur du destinataire refuse cette adresse. Le patient peut remettre l'avis lui-même.",
        (_, ShareReason.GaveUp) => "L'envoi a échoué pendant plusieurs jours et n'est plus tenté. Le patient peut remettre l'avis lui-même.",
        (_, ShareReason.Superseded) => "Une version plus récente de l'avis la remplace.",
        (ShareState.Sent, _) => "L'avis a été remis à l'opérateur de messagerie.",
        (ShareState.Sending, _) => "L'envoi est en cours.",
        _ => "L'avis va être envoyé.",
    };

    public static string Of(ReceiptKind kind, int code) => kind switch
    {
        ReceiptKind.Processed => "Le logiciel du médecin a classé l'avis dans le dossier.",
        ReceiptKind.Displayed => "Le message a été affiché.",
        ReceiptKind.Dispatched => "Le message a été transféré ou imprimé.",
        ReceiptKind.Deleted => "Le message a été supprimé.",
        ReceiptKind.Bounced => "Le message n'a pas pu être remis dans la boîte du médecin.",
        _ => "Le logiciel du médecin n'a pas pu classer l'avis : " + code switch
        {
            900 => "version du document incorrecte.",
            901 => "l'auteur n'est pas autorisé à remplacer ce document.",
            902 => "patient inconnu.",
            903 => "identité nationale de santé absente du dossier du cabinet.",
            904 => "identité nationale de santé différente de celle du cabinet.",
            905 => "identité nationale de santé incomplète.",
            _ => "autre erreur.",
        } + " Le message et le PDF restent lisibles dans sa boîte.",
    };
}
