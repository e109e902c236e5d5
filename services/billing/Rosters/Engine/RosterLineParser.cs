using System.Text;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// A beneficiary as the roster table holds it: no name, no number, no birth date. Hashes are places in the parser's batch until it is computed.
/// </summary>
/// <param name="Holder">-1 when the line has no NIR.</param>
/// <param name="FromDay">Day number.</param>
/// <param name="ToDay">Null when open.</param>
/// <param name="Relation">A: adhérent, C: conjoint, E: enfant, X: autre.</param>
/// <param name="Removal">A delta's line that takes the person out; only the hashes count.</param>
internal readonly record struct RosterRow(int Person, int Family, int Holder, int FromDay, int? ToDay, short Contract, byte Relation, bool Removal);

/// <summary>
/// Checks one line and puts its identity into a batch of hashes. Works on bytes and allocates nothing but for a NIR; each thread has its own.
/// </summary>
internal sealed class RosterLineParser(RosterFormat format, Insurer insurer, IdentityHashBatch hashes, RotatedUses? rotated, int today) : IDisposable
{
    private const int OldestYear = 1900;
    private readonly Range[] _fields = new Range[format.Columns];
    private readonly byte[] _member = new byte[IdentityHasher.MaxMember];
    private readonly byte[] _lastMember = new byte[IdentityHasher.MaxMember];
    private readonly Dictionary<string, short> _contracts = insurer.Contracts.Values.ToDictionary(c => c.Code, c => c.Number, StringComparer.OrdinalIgnoreCase);
    private readonly int _memberColumn = format.Column(RosterFormat.Member);
    private readonly int _birthColumn = format.Column(RosterFormat.BirthDate);
    private readonly int _rankColumn = format.Column(RosterFormat.Rank);
    private readonly int _relationColumn = format.Column(RosterFormat.Relation);
    private readonly int _nirColumn = format.Column(RosterFormat.HolderNir);
    private readonly int _contractColumn = format.Column(RosterFormat.ContractCode);
    private readonly int _fromColumn = format.Column(RosterFormat.From);
    private readonly int _toColumn = format.Column(RosterFormat.To);
    private readonly int _operationColumn = format.Column(RosterFormat.Operation);
    private int _lastMemberLength = -1;
    private int _lastFamily;

    /// <summary>Where the rows' hashes are.</summary>
    public IdentityHashBatch Hashes => hashes;

    /// <summary>After the hashes were computed and used.</summary>
    public void BeginBatch()
    {
        hashes.Clear();
        _lastMemberLength = -1;
    }

    /// <param name="line">Without its end.</param>
    /// <param name="row">What goes into the roster.</param>
    /// <param name="field">The field at fault.</param>
    /// <param name="code">What is wrong with it; a code of <see cref="RejectCodes"/>.</param>
    public bool TryParse(ReadOnlySpan<byte> line, out RosterRow row, out string field, out string code)
    {
        row = default;
        (field, code) = (RosterFormat.WholeLine, RejectCodes.WrongColumnCount);
        if (!Split(line))
        {
            return false;
        }

        (field, code) = (RosterFormat.Member, RejectCodes.InvalidMemberNumber);
        var memberText = Field(line, _memberColumn);
        if (RejectCodes.IsScientific(memberText))
        {
            code = RejectCodes.ExcelNumber;
            return false;
        }

        if (!Typed.TryMember(memberText, _member, out var memberLength))
        {
            return false;
        }

        (field, code) = (RosterFormat.BirthDate, RejectCodes.InvalidDate);
        var birthText = Field(line, _birthColumn);
        var birthDate = Typed.BirthDate(birthText, today);
        if (birthDate == 0)
        {
            code = RejectCodes.OfDate(birthText);
            return false;
        }

        (field, code) = (RosterFormat.Rank, RejectCodes.OutOfRange);
        var rankText = Field(line, _rankColumn);
        var rank = rankText.Length switch { 0 => 1, 1 => rankText[0] - '0', 2 when rankText[0] == '0' => rankText[1] - '0', _ => 0 };
        if (rank is < 1 or > 9)
        {
            return false;
        }

        var removal = false;
        if (_operationColumn >= 0)
        {
            (field, code) = (RosterFormat.Operation, RejectCodes.UnknownOperation);
            var operation = Field(line, _operationColumn);
            removal = operation is [(byte)'S' or (byte)'s'];
            if (!removal && operation is not [(byte)'A' or (byte)'a'])
            {
                return false;
            }
        }

        if (removal)
        {
            row = new RosterRow(Person(_member.AsSpan(0, memberLength), birthDate, rank), -1, -1, 0, null, 0, (byte)'X', Removal: true);
            return true;
        }

        (field, code) = (RosterFormat.Relation, RejectCodes.UnknownRelation);
        var relation = Field(line, _relationColumn) is [var letter] ? (byte)(letter & 0xDF) : (byte)0;
        if (relation is not ((byte)'A' or (byte)'C' or (byte)'E' or (byte)'X'))
        {
            return false;
        }

        (field, code) = (RosterFormat.ContractCode, RejectCodes.UnknownContract);
        if (!TryContract(Field(line, _contractColumn), out var contract))
        {
            return false;
        }

        (field, code) = (RosterFormat.From, RejectCodes.InvalidDate);
        var fromText = Field(line, _fromColumn);
        var from = Typed.Date(fromText);
        if (from / 10000 < OldestYear)
        {
            code = RejectCodes.OfDate(fromText);
            return false;
        }

        (field, code) = (RosterFormat.To, RejectCodes.InvalidDate);
        var toText = Field(line, _toColumn);
        var to = toText.IsEmpty ? int.MaxValue : Typed.Date(toText);
        if (to == 0)
        {
            code = RejectCodes.OfDate(toText);
            return false;
        }

        code = RejectCodes.EndsBeforeStart;
        if (to < from)
        {
            return false;
        }

        (field, code) = (RosterFormat.HolderNir, RejectCodes.InvalidNir);
        var nirText = Field(line, _nirColumn);
        var holder = -1;
        if (!nirText.IsEmpty)
        {
            if (!Typed.TryNir(Encoding.UTF8.GetString(nirText), out var nir))
            {
                code = RejectCodes.IsScientific(nirText) ? RejectCodes.ExcelNumber : code;
                return false;
            }

            Span<byte> ascii = stackalloc byte[15];
            Encoding.ASCII.GetBytes(nir.Value, ascii);
            holder = hashes.Add(IdentityMessage.HolderKind, insurer.AmcAscii, ascii, birthDate, rank);
        }

        var member = _member.AsSpan(0, memberLength);
        Family(member);
        rotated?.Carry(insurer, member, birthDate, rank);
        row = new RosterRow(
            Person(member, birthDate, rank), _lastFamily, holder, Typed.ToDate(from).DayNumber, to == int.MaxValue ? null : Typed.ToDate(to).DayNumber,
            contract, relation, Removal: false);
        return true;
    }

    public void Dispose()
    {
        hashes.Dispose();
        rotated?.Dispose();
    }

    /// <summary>Members of a family mostly follow each other: their hash is made once.</summary>
    private void Family(ReadOnlySpan<byte> member)
    {
        if (!member.SequenceEqual(_lastMember.AsSpan(0, Math.Max(0, _lastMemberLength))) || _lastMemberLength < 0)
        {
            member.CopyTo(_lastMember);
            _lastMemberLength = member.Length;
            _lastFamily = hashes.Add(IdentityMessage.FamilyKind, insurer.AmcAscii, member, 0, 0);
        }
    }

    private int Person(ReadOnlySpan<byte> member, int birthDate, int rank) => hashes.Add(IdentityMessage.PersonKind, insurer.AmcAscii, member, birthDate, rank);

    private bool TryContract(ReadOnlySpan<byte> text, out short number)
    {
        Span<char> code = stackalloc char[64];
        number = 0;
        return text.Length is > 0 and <= 64 && Encoding.UTF8.TryGetChars(text, code, out var length)
            && _contracts.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(code[..length], out number);
    }

    private bool Split(ReadOnlySpan<byte> line)
    {
        var start = 0;
        for (var column = 0; column < format.Columns; column++)
        {
            var rest = line[start..];
            var length = rest.IndexOf(format.Separator);
            if (length < 0)
            {
                // The row ends here: as Excel writes it when only optional columns would follow.
                length = rest.Length;
                for (var lacking = column + 1; lacking < format.Columns; lacking++)
                {
                    if (!format.MayLack(lacking))
                    {
                        return false;
                    }

                    _fields[lacking] = 0..0;
                }

                _fields[column] = start..(start + length);
                return true;
            }

            if (column == format.Columns - 1 && !RosterFormat.IsBlank(rest[length..]))
            {
                return false;
            }

            _fields[column] = start..(start + length);
            start += length + 1;
        }

        return true;
    }

    /// <summary>A field without the blanks and quotes around it; empty when the file does not have the column.</summary>
    private ReadOnlySpan<byte> Field(ReadOnlySpan<byte> line, int column)
    {
        if (column < 0)
        {
            return [];
        }

        var field = line[_fields[column]].Trim((byte)' ');
        return field is [(byte)'"', .. var inside, (byte)'"'] ? inside : field;
    }
}
