using System.Buffers;
using System.Buffers.Binary;
using SecondOpinion.Billing.Identity;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>A few thousand lines on their way: bytes in, rows out in PostgreSQL's binary COPY form. Buffers are rented and given back.</summary>
internal sealed class RosterBlock(byte[] text, int length, long firstLine) : IDisposable
{
    /// <summary>A line takes at least 20 bytes; a row at most 100: the output can be longer than the input.</summary>
    private const int BytesPerRow = 104;
    private const int MaxLine = 1000;
    private const int DaysTo2000 = 730_119;

    /// <summary>Lines whose hashes are computed together: enough to fill the lanes, few enough to stay in the cache.</summary>
    private const int LinesAtOnce = 256;
    private byte[] _rows = ArrayPool<byte>.Shared.Rent(length + BytesPerRow);
    private long[] _persons = ArrayPool<long>.Shared.Rent(256);
    private int[] _lines = ArrayPool<int>.Shared.Rent(256);

    /// <summary>Bytes of the file that this block holds.</summary>
    public int TextLength => length;

    public ReadOnlyMemory<byte> Rows => _rows.AsMemory(0, RowsLength);

    public int RowsLength { get; private set; }

    /// <summary>Rows that were accepted.</summary>
    public int Count { get; private set; }

    /// <summary>Lines that were read, blank ones left out.</summary>
    public int LinesRead { get; private set; }

    /// <summary>Lines with separators alone, as spreadsheets leave them.</summary>
    public int BlankLines { get; private set; }

    public List<RosterReject> Rejects { get; } = [];

    public Dictionary<short, long> MembersByContract { get; } = [];

    /// <summary>Hash and line number of each accepted row.</summary>
    public (long Person, long Line) Row(int index) => (_persons[index], firstLine + _lines[index]);

    /// <summary>Checks, hashes and encodes every line. Runs on any thread.</summary>
    public void Parse(RosterLineParser parser, bool delta)
    {
        var rest = text.AsSpan(0, length);
        var contract = (short)-1;
        var ofContract = 0L;
        Span<(RosterRow Row, int Number)> pending = new (RosterRow, int)[LinesAtOnce];
        var waiting = 0;
        parser.BeginBatch();
        for (var number = 0; !rest.IsEmpty; number++)
        {
            var end = rest.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (line is [.., (byte)'\r'])
            {
                line = line[..^1];
            }

            if (line.IsEmpty || RosterFormat.IsBlank(line))
            {
                BlankLines += line.IsEmpty ? 0 : 1;
                continue;
            }

            LinesRead++;
            if (line.Length > MaxLine)
            {
                Rejects.Add(new RosterReject(firstLine + number, RosterFormat.WholeLine, RejectCodes.TooLong));
            }
            else if (!parser.TryParse(line, out var row, out var field, out var code))
            {
                Rejects.Add(new RosterReject(firstLine + number, field, code));
            }
            else
            {
                if (row.Contract != contract)
                {
                    Tally(contract, ofContract);
                    (contract, ofContract) = (row.Contract, 0);
                }

                ofContract++;
                pending[waiting++] = (row, number);
                if (waiting == LinesAtOnce)
                {
                    Keep(pending, parser, delta);
                    waiting = 0;
                }
            }
        }

        Keep(pending[..waiting], parser, delta);

        Tally(contract, ofContract);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(text);
        ArrayPool<byte>.Shared.Return(_rows);
        ArrayPool<long>.Shared.Return(_persons);
        ArrayPool<int>.Shared.Return(_lines);
        (_rows, _persons, _lines) = ([], [], []);
    }

    private void Tally(short contract, long rows)
    {
        if (rows > 0)
        {
            MembersByContract[contract] = MembersByContract.GetValueOrDefault(contract) + rows;
        }
    }

    private void Keep(ReadOnlySpan<(RosterRow Row, int Number)> rows, RosterLineParser parser, bool delta)
    {
        parser.Hashes.Compute();
        foreach (ref readonly var pending in rows)
        {
            Keep(pending.Row, pending.Number, parser.Hashes, delta);
        }

        parser.BeginBatch();
    }

    private void Keep(in RosterRow row, int number, IdentityHashBatch hashes, bool delta)
    {
        var person = hashes[row.Person];
        _persons = Grown(_persons, Count);
        _lines = Grown(_lines, Count);
        _persons[Count] = person;
        _lines[Count] = number;
        Count++;

        if (_rows.Length - RowsLength < BytesPerRow)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_rows.Length * 2);
            _rows.AsSpan(0, RowsLength).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_rows);
            _rows = larger;
        }

        var tuple = new CopyRow(_rows.AsSpan(RowsLength));
        tuple.Columns(delta ? 9 : 7);
        tuple.Int64(person);
        tuple.Int64(row.Removal ? 0 : hashes[row.Family]);
        tuple.Int64(row.Holder < 0 ? null : hashes[row.Holder]);
        tuple.Int32(row.FromDay - DaysTo2000);
        tuple.Int32(row.ToDay - DaysTo2000);
        tuple.Int16(row.Contract);
        tuple.Byte(row.Relation);
        if (delta)
        {
            tuple.Int64(firstLine + number);
            tuple.Byte(row.Removal ? (byte)1 : (byte)0);
        }

        RowsLength += tuple.Length;
    }

    private static T[] Grown<T>(T[] array, int count)
    {
        if (count < array.Length)
        {
            return array;
        }

        var larger = ArrayPool<T>.Shared.Rent(array.Length * 2);
        array.CopyTo(larger, 0);
        ArrayPool<T>.Shared.Return(array);
        return larger;
    }

    /// <summary>One tuple of the binary COPY format: number of columns, then length and value of each, most significant byte first.</summary>
    private ref struct CopyRow(Span<byte> target)
    {
        private readonly Span<byte> _target = target;

        public int Length { get; private set; }

        public void Columns(int count)
        {
            BinaryPrimitives.WriteInt16BigEndian(_target, (short)count);
            Length = 2;
        }

        public void Int64(long? value)
        {
            if (value is not { } known)
            {
                Size(-1);
                return;
            }

            Size(8);
            BinaryPrimitives.WriteInt64BigEndian(_target[Length..], known);
            Length += 8;
        }

        public void Int32(int? value)
        {
            if (value is not { } known)
            {
                Size(-1);
                return;
            }

            Size(4);
            BinaryPrimitives.WriteInt32BigEndian(_target[Length..], known);
            Length += 4;
        }

        public void Int16(short value)
        {
            Size(2);
            BinaryPrimitives.WriteInt16BigEndian(_target[Length..], value);
            Length += 2;
        }

        public void Byte(byte value)
        {
            Size(1);
            _target[Length++] = value;
        }

        private void Size(int bytes)
        {
            BinaryPrimitives.WriteInt32BigEndian(_target[Length..], bytes);
            Length += 4;
        }
    }
}

/// <param name="Line">Counted from 1, the header included.</param>
internal readonly record struct RosterReject(long Line, string Field, string Code);
