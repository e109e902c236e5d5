namespace SecondOpinion.Billing.Rosters;

/// <summary>Why a whole file was not taken, or an import did not come to its end: stable codes with a sentence for the insurer.</summary>
internal static class RosterRefusals
{
    public const string Header = "bad_header";
    public const string Empty = "empty_roster";
    public const string TooManyRejects = "too_many_rejects";
    public const string Damaged = "damaged_upload";
    public const string NothingToChange = "no_roster_to_change";
    public const string UploadLost = "upload_lost";
    public const string Interrupted = "interrupted";
    public const string Held = "held_for_approval";
    public const string DropRefused = "drop_refused";

    private static readonly Dictionary<string, string> Sentences = new()
    {
        [Header] = "La première ligne doit nommer les colonnes numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin (et operation pour un fichier de mouvements, seulement).",
        [Empty] = "Le fichier ne laisserait aucun bénéficiaire : il est refusé, l'ancien reste en vigueur.",
        [TooManyRejects] = "Trop de lignes sont rejetées : tout le fichier est refusé, l'ancien reste en vigueur. Voir le rapport de rejet.",
        [Damaged] = "Le fichier reçu est abîmé (compression ou contenu). Envoyez-le de nouveau.",
        [NothingToChange] = "Un fichier de mouvements ne peut pas être le premier : envoyez d'abord un fichier complet.",
        [UploadLost] = "Le fichier reçu n'est plus disponible. Envoyez-le de nouveau.",
        [Interrupted] = "L'import a été interrompu plusieurs fois. L'ancien fichier reste en vigueur ; demandez une nouvelle tentative.",
        [Held] = "Ce fichier contient bien moins de bénéficiaires que celui en vigueur. Nous vérifions avec vous avant de le prendre ; l'ancien reste en vigueur.",
        [DropRefused] = "Après vérification, ce fichier n'est pas pris : il contient bien moins de bénéficiaires que celui en vigueur, qui le reste.",
    };

    public static string? Sentence(string? code) => code is null ? null : Sentences[code];
}

/// <summary>The file is in order and much smaller than what answers: somebody decides.</summary>
internal sealed class RosterHeldException(long before, long after) : Exception
{
    public long Before => before;

    public long After => after;
}

/// <summary>The file is at fault; nothing of it stays but the report.</summary>
internal sealed class RosterRefusedException(string code) : Exception(code)
{
    public string Code => Message;
}
