using System.Text;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// The file an insurer sends: one beneficiary a line, semicolons (or commas or tabs), a first line that names the columns in any order. UTF-8, UTF-16 and
/// Windows-1252 are told apart (<see cref="RosterText"/>).
/// <c>numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin</c>, and for a delta <c>operation</c> (A: add or replace, S: remove).
/// </summary>
internal sealed class RosterFormat
{
    public const string Member = "numero_adherent";
    public const string BirthDate = "date_naissance";
    public const string Rank = "rang";
    public const string Relation = "lien";
    public const string HolderNir = "nir_assure";
    public const string ContractCode = "contrat";
    public const string From = "debut";
    public const string To = "fin";
    public const string Operation = "operation";
    public const string WholeLine = "ligne";

    /// <summary>Every column that a file may have, as insurers are told of it (<c>GET /api/v1/rosters/format</c>).</summary>
    public static readonly IReadOnlyList<RosterColumn> All =
    [
        new(Member, true, "Le numéro d'adhérent tel qu'il figure sur la carte de tiers payant : 1 à 24 lettres et chiffres.", "MUT0012345"),
        new(BirthDate, true, "La date de naissance, AAAA-MM-JJ ou JJ/MM/AAAA ; jour ou mois inconnu comme au répertoire national.", "1984-02-29"),
        new(Rank, false, "Le rang de naissance, de 1 à 9 ; 1 quand la colonne manque ou reste vide.", "1"),
        new(Relation, true, "A (adhérent), C (conjoint), E (enfant) ou X (autre).", "A"),
        new(HolderNir, false, "Le numéro de sécurité sociale de l'assuré : 13 caractères, ou 15 avec sa clé, qui est vérifiée.", "289043523899902"),
        new(ContractCode, true, "Le code d'un contrat enregistré pour votre organisme.", "CONFORT"),
        new(From, true, "Le premier jour des droits, AAAA-MM-JJ ou JJ/MM/AAAA.", "2026-01-01"),
        new(To, false, "Le dernier jour des droits ; vide quand ils sont ouverts.", ""),
        new(Operation, true, "A (ajouter ou remplacer) ou S (supprimer) ; seulement et toujours dans un fichier de mouvements.", "A"),
    ];

    private static readonly string[] Names = [.. All.Select(c => c.Name)];
    private static readonly string[] Optional = [.. All.Where(c => !c.IsRequired).Select(c => c.Name)];
    private readonly int[] _columnOf;

    private RosterFormat(byte separator, int columns, int[] columnOf, bool delta) =>
        (Separator, Columns, _columnOf, IsDelta) = (separator, columns, columnOf, delta);

    public byte Separator { get; }

    public int Columns { get; }

    public bool IsDelta { get; }

    /// <returns>The place of a column in each line, or -1 when the file does not have it.</returns>
    public int Column(string name) => _columnOf[Array.IndexOf(Names, name)];

    /// <summary>Columns at the end that a spreadsheet may leave out of a row when they are empty.</summary>
    public bool MayLack(int column) => Optional.Any(name => Column(name) == column) || !_columnOf.Contains(column);

    /// <param name="header">The line that names the columns, without its end, in UTF-8.</param>
    /// <param name="delta">A delta needs the operation; a whole roster must not have one, or it might be a delta sent by mistake.</param>
    /// <returns>Null when a column is missing, doubled or unknown. Columns without a name are left out.</returns>
    public static RosterFormat? Read(ReadOnlySpan<byte> header, bool delta)
    {
        var text = Encoding.UTF8.GetString(header);
        // The one of the three that occurs most: a name may hold a comma, never more of them than there are columns.
        var separator = ";\t,".MaxBy(c => text.Count(t => t == c));
        var columns = text.Split(separator).Select(Name).ToArray();
        var named = columns.Where(c => c.Length > 0).ToArray();
        var columnOf = Names.Select(name => Array.IndexOf(columns, name)).ToArray();
        var known = named.All(Names.Contains) && named.Distinct().Count() == named.Length;
        var complete = Names.Where(name => name != Operation && !Optional.Contains(name)).All(columns.Contains);
        return known && complete && columns.Contains(Operation) == delta ? new RosterFormat((byte)separator, columns.Length, columnOf, delta) : null;
    }

    /// <summary>A line of a spreadsheet with nothing in it but separators.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept(" ;,\t\"\r"u8) < 0;

    /// <summary><c>Numéro d'adhérent</c>, <c>"NUMERO ADHERENT"</c> and <c>numero_adherent</c> are one name.</summary>
    private static string Name(string cell)
    {
        var plain = string.Concat(cell.Normalize(NormalizationForm.FormD).Where(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '_' or '-'))
            .Trim(' ', '_', '-');
        return plain.ToLowerInvariant().Replace(' ', '_').Replace('-', '_');
    }
}

/// <param name="Name">As the first line names it.</param>
/// <param name="IsRequired">Whether a file without the column is refused.</param>
/// <param name="Form">What may stand in it; French.</param>
/// <param name="Example">A value that would be taken.</param>
internal sealed record RosterColumn(string Name, bool IsRequired, string Form, string Example);
