namespace SecondOpinion.Billing.Rosters;

/// <summary>Why a line was not taken: stable codes, each with the sentence that the report gives. Neither ever holds a value of the line.</summary>
internal static class RejectCodes
{
    public const string WrongColumnCount = "wrong_column_count";
    public const string InvalidMemberNumber = "invalid_member_number";
    public const string InvalidDate = "invalid_date";
    public const string ExcelSerialDate = "excel_serial_date";
    public const string TwoDigitYear = "two_digit_year";
    public const string ExcelNumber = "excel_number";
    public const string OutOfRange = "out_of_range";
    public const string UnknownOperation = "unknown_operation";
    public const string UnknownRelation = "unknown_relation";
    public const string UnknownContract = "unknown_contract";
    public const string EndsBeforeStart = "ends_before_start";
    public const string InvalidNir = "invalid_nir";
    public const string TooLong = "line_too_long";
    public const string Duplicate = "duplicate";
    public const string NotInRoster = "not_in_roster";

    private static readonly Dictionary<string, string> Sentences = new()
    {
        [WrongColumnCount] = "La ligne n'a pas autant de colonnes que la première ligne du fichier.",
        [InvalidMemberNumber] = "Le numéro d'adhérent est vide, trop long (plus de 24 caractères) ou comporte d'autres signes que des lettres et des chiffres.",
        [InvalidDate] = "La date n'existe pas ou n'est pas écrite AAAA-MM-JJ ou JJ/MM/AAAA.",
        [ExcelSerialDate] =
            "La date est écrite comme un nombre de jours d'Excel : donnez à la colonne le format Date (JJ/MM/AAAA), puis enregistrez de nouveau.",
        [TwoDigitYear] = "L'année de la date n'a que deux chiffres : écrivez AAAA-MM-JJ ou JJ/MM/AAAA.",
        [ExcelNumber] =
            "Excel a transformé ce numéro en nombre (1,8E+14) et des chiffres sont perdus : donnez à la colonne le format Texte avant de la remplir.",
        [OutOfRange] = "Le rang de naissance va de 1 à 9.",
        [UnknownOperation] = "L'opération est A (ajouter ou remplacer) ou S (supprimer).",
        [UnknownRelation] = "Le lien est A (adhérent), C (conjoint), E (enfant) ou X (autre).",
        [UnknownContract] = "Ce code de contrat n'est pas enregistré pour votre organisme.",
        [EndsBeforeStart] = "La fin des droits précède leur début.",
        [InvalidNir] = "Le numéro de sécurité sociale de l'assuré n'est pas valable : forme ou clé.",
        [TooLong] = "La ligne dépasse 1 000 octets.",
        [Duplicate] = "Une ligne précédente décrit déjà cette personne (même numéro d'adhérent, même date et même rang de naissance).",
        [NotInRoster] = "La personne à supprimer n'est pas dans le fichier en vigueur.",
    };

    /// <summary>What is wrong with a date that cannot be read, when its form tells.</summary>
    public static string OfDate(ReadOnlySpan<byte> text)
    {
        var digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
        return digits && text.Length == 5 ? ExcelSerialDate
            : text.Length is >= 6 and <= 8 && text[^3] is (byte)'/' or (byte)'-' or (byte)'.' ? TwoDigitYear
            : InvalidDate;
    }

    /// <summary>As Excel writes a long number: 1,80018E+14.</summary>
    public static bool IsScientific(ReadOnlySpan<byte> text)
    {
        var plus = text.IndexOf((byte)'+');
        return plus > 1 && (text[plus - 1] & 0xDF) == 'E' && text[..(plus - 1)].IndexOfAnyExcept("0123456789,."u8) < 0;
    }

    public static string Sentence(string code) => Sentences[code];

    /// <summary>Each with its sentence.</summary>
    public static IReadOnlyDictionary<string, string> All => Sentences;
}
