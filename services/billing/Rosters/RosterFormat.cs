using System.Text;

namespace SecondOpinion.Billing.Rosters;

/// <summary>
/// The file an insurer sends: UTF-8, one beneficiary a line, semicolons (or commas or tabs), a first line that names the columns in any order.
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

    private RosterFormat(byte separator, int columns, int[] columnOf, bool delta) => (Separator, Columns, _columnOf, IsDelta) = (separator, columns, columnOf, delta);

    public byte Separator { get; }

    public int Columns { get; }

    public bool IsDelta { get; }

    /// <returns>The place of a column in each line, or -1 when the file does not have it.</returns>
    public int Column(string name) => _columnOf[Array.IndexOf(Names, name)];

    /// <param name="header">The first line, without its end.</param>
    /// <param name="delta">A delta needs the operation; a whole roster must not have one, or it might be a delta sent by mistake.</param>
    /// <returns>Null when a column is missing, doubled or unknown.</returns>
    public static RosterFormat? Read(ReadOnlySpan<byte> header, bool delta)
    {
        if (header.StartsWith(Encoding.UTF8.Preamble))
        {
            header = header[Encoding.UTF8.Preamble.Length..];
        }

        var text = Encoding.UTF8.GetString(header).TrimEnd('\r');
        var separator = text.Contains(';') ? ';' : text.Contains('\t') ? '\t' : ',';
        var columns = text.Split(separator).Select(c => c.Trim().Trim('"').ToLowerInvariant()).ToArray();
        var columnOf = Names.Select(name => Array.IndexOf(columns, name)).ToArray();
        var known = columns.All(Names.Contains) && columns.Distinct().Count() == columns.Length;
        var complete = Names.Where(name => name != Operation && !Optional.Contains(name)).All(columns.Contains);
        return known && complete && columns.Contains(Operation) == delta ? new RosterFormat((byte)separator, columns.Length, columnOf, delta) : null;
    }
}
