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

    private static readonly string[] Names = [Member, BirthDate, Rank, Relation, HolderNir, ContractCode, From, To, Operation];
    private static readonly string[] Optional = [Rank, HolderNir, To];
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
