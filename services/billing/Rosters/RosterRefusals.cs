
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
    public const string Abandoned = "upload_abandoned";
    public const string Interrupted = "interrupted";
    public const string Repeated = "people_repeated";
    public const string TooMuchUnpacked = "unpacks_too_large";
    public const string SizeMismatch = "size_mismatch";
    public const string Changed = "content_changed";
    public const string Held = "held_for_approval";
    public const string DropRefused = "drop_refused";

    private static readonly Dictionary<string, string> Sentences = new()
    {
        [Header] =
            "La première ligne remplie doit nommer, chacune une fois et dans l'ordre de votre choix, les colonnes "
                + "numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin (rang, nir_assure et fin peuvent manquer ; operation pour un "
                + "fichier de mouvements, seulement). Le fichier peut être en UTF-8, UTF-16 ou Windows-1252 ; séparez par ; , ou tabulation.",
        [Empty] = "Le fichier ne laisserait aucun bénéficiaire : il est refusé, l'ancien reste en vigueur.",
        [TooManyRejects] = "Trop de lignes sont rejetées : tout le fichier est refusé, l'ancien reste en vigueur. Voir le rapport de rejet.",
        [Damaged] = "Le fichier reçu est abîmé (compression ou contenu). Envoyez-le de nouveau.",
        [NothingToChange] = "Un fichier de mouvements ne peut pas être le premier : envoyez d'abord un fichier complet.",
        [UploadLost] = "Le fichier reçu n'est plus disponible. Envoyez-le de nouveau.",
        [Abandoned] = "L'envoi n'a pas été terminé à temps : ce qui était arrivé est effacé. Annoncez le fichier de nouveau.",
        [Interrupted] = "L'import a été interrompu plusieurs fois. L'ancien fichier reste en vigueur ; demandez une nouvelle tentative.",
        [Repeated] =
            "Le fichier décrit une grande partie des personnes deux fois : il est refusé, l'ancien reste en vigueur. Vérifiez qu'il n'est pas recopié à la "
                + "suite de lui-même.",
        [TooMuchUnpacked] = "Le fichier compressé contient bien plus que ce qu'un fichier de bénéficiaires peut contenir : il est refusé.",
        [SizeMismatch] =
            "L'envoi dépasse la taille annoncée : rien n'est pris, l'ancien fichier reste en vigueur. Annoncez la taille exacte, en octets, du fichier tel "
                + "qu'il est envoyé.",
        [Changed] =
            "Le fichier reçu n'est pas celui qui a été annoncé (son empreinte SHA-256 diffère) : il a changé pendant l'envoi. Rien n'est pris, l'ancien "
                + "fichier reste en vigueur. Annoncez de nouveau le fichier, une fois terminé.",
        [Held] =
            "Ce fichier contient bien moins de bénéficiaires que celui en vigueur. Nous vérifions avec vous avant de le prendre ; l'ancien reste en vigueur.",
        [DropRefused] = "Après vérification, ce fichier n'est pas pris : il contient bien moins de bénéficiaires que celui en vigueur, qui le reste.",
    };

    /// <summary>Each with its sentence.</summary>
    public static IReadOnlyDictionary<string, string> All => Sentences;

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
