using System.Buffers.Binary;
using System.Text;

namespace SecondOpinion.Pdf;

/// <summary>A TrueType font: which glyph shows a character, how wide it is, and a copy of the file that holds only the glyphs of one document.</summary>
internal sealed class TrueTypeFont
{
    private readonly byte[] _file;
    private readonly Dictionary<string, (int Offset, int Length)> _tables = [];
    private readonly Dictionary<int, ushort> _glyphs = [];
    private readonly int _unitsPerEm;
    private readonly int _wideMetrics;
    private readonly bool _longOffsets;

    /// <param name="name">PostScript name, e.g. <c>DejaVuSans</c>.</param>
    /// <param name="file">The .ttf file.</param>
    /// <exception cref="InvalidDataException">It is not a TrueType font with a Unicode character map.</exception>
    public TrueTypeFont(string name, byte[] file)
    {
        Name = name;
        _file = file;
        if (file.Length < 12 || U32(0) != 0x00010000)
        {
            throw new InvalidDataException($"{name} is not a TrueType font.");
        }

        for (var i = 0; i < U16(4); i++)
        {
            var entry = 12 + 16 * i;
            _tables[Encoding.ASCII.GetString(file, entry, 4)] = ((int)U32(entry + 8), (int)U32(entry + 12));
        }

        var head = Table("head");
        var hhea = Table("hhea");
        _unitsPerEm = U16(head + 18);
        _longOffsets = U16(head + 50) == 1;
        _wideMetrics = U16(hhea + 34);
        GlyphCount = U16(Table("maxp") + 4);
        Ascent = Scale(I16(hhea + 4));
        Descent = Scale(I16(hhea + 6));
        Box = [Scale(I16(head + 36)), Scale(I16(head + 38)), Scale(I16(head + 40)), Scale(I16(head + 42))];
        ReadCharacterMap(Table("cmap"));
    }

    public string Name { get; }

    public int GlyphCount { get; }

    /// <summary>Above the baseline, in thousandths of the size, as PDF counts.</summary>
    public int Ascent { get; }

    /// <summary>Below the baseline: negative.</summary>
    public int Descent { get; }

    public IReadOnlyList<int> Box { get; }

    /// <summary>0 (an empty box) when the font cannot show the character.</summary>
    public ushort GlyphOf(Rune character) => _glyphs.GetValueOrDefault(character.Value);

    /// <summary>Width in thousandths of the size.</summary>
    public int WidthOf(ushort glyph) => Scale(U16(Table("hmtx") + 4 * Math.Min(glyph, _wideMetrics - 1)));

    /// <summary>Width of a text in points.</summary>
    public double Measure(string text, double size) => text.EnumerateRunes().Sum(r => WidthOf(GlyphOf(r))) * size / 1000;

    /// <summary>The font with the outlines of these glyphs only; their numbers stay as they are.</summary>
    public byte[] Subset(IEnumerable<ushort> glyphs)
    {
        var kept = new SortedSet<ushort>(glyphs) { 0 };
        foreach (var glyph in kept.ToList())
        {
            AddParts(glyph, kept);
        }

        using var outlines = new MemoryStream();
        var offsets = new byte[4 * (GlyphCount + 1)];
        for (var glyph = 0; glyph < GlyphCount; glyph++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(offsets.AsSpan(4 * glyph), (uint)outlines.Length);
            if (kept.Contains((ushort)glyph))
            {
                var (start, length) = Outline(glyph);
                outlines.Write(_file, start, length);
                outlines.Write(new byte[-length & 3]);
            }
        }

        BinaryPrimitives.WriteUInt32BigEndian(offsets.AsSpan(4 * GlyphCount), (uint)outlines.Length);
        var head = Copy("head");
        BinaryPrimitives.WriteInt16BigEndian(head.AsSpan(50), 1);
        var tables = new SortedDictionary<string, byte[]>(StringComparer.Ordinal) { ["glyf"] = outlines.ToArray(), ["loca"] = offsets, ["head"] = head };
        foreach (var name in new[] { "hhea", "hmtx", "maxp", "cvt ", "fpgm", "prep" }.Where(_tables.ContainsKey))
        {
            tables[name] = Copy(name);
        }

        return Assemble(tables);
    }

    private static byte[] Assemble(SortedDictionary<string, byte[]> tables)
    {
        var file = new byte[12 + 16 * tables.Count + tables.Values.Sum(t => t.Length + 3 & ~3)];
        BinaryPrimitives.WriteUInt32BigEndian(file, 0x00010000);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(4), (ushort)tables.Count);
        var power = (int)Math.Log2(tables.Count);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(6), (ushort)(16 << power));
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(8), (ushort)power);
        BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan(10), (ushort)(16 * tables.Count - (16 << power)));
        var offset = 12 + 16 * tables.Count;
        foreach (var (index, (name, content)) in tables.Index())
        {
            var entry = file.AsSpan(12 + 16 * index);
            content.CopyTo(file.AsSpan(offset));
            Encoding.ASCII.GetBytes(name, entry);
            BinaryPrimitives.WriteUInt32BigEndian(entry[4..], CheckSum(file.AsSpan(offset, content.Length + 3 & ~3)));
            BinaryPrimitives.WriteUInt32BigEndian(entry[8..], (uint)offset);
            BinaryPrimitives.WriteUInt32BigEndian(entry[12..], (uint)content.Length);
            offset += content.Length + 3 & ~3;
        }

        return file;
    }

    private static uint CheckSum(ReadOnlySpan<byte> padded)
    {
        var sum = 0u;
        for (var i = 0; i < padded.Length; i += 4)
        {
            sum += BinaryPrimitives.ReadUInt32BigEndian(padded[i..]);
        }

        return sum;
    }

    /// <summary>An accented letter is composed of others: they are needed too.</summary>
    private void AddParts(ushort glyph, SortedSet<ushort> kept)
    {
        const int WordArguments = 1, Scaled = 8, More = 32, ScaledTwice = 64, Matrix = 128;
        var (start, length) = Outline(glyph);
        if (length == 0 || I16(start) >= 0)
        {
            return;
        }

        for (var part = start + 10; ;)
        {
            var flags = U16(part);
            var component = U16(part + 2);
            if (kept.Add(component))
            {
                AddParts(component, kept);
            }

            part += 4 + ((flags & WordArguments) != 0 ? 4 : 2)
                + ((flags & Scaled) != 0 ? 2 : (flags & ScaledTwice) != 0 ? 4 : (flags & Matrix) != 0 ? 8 : 0);
            if ((flags & More) == 0)
            {
                return;
            }
        }
    }

    private (int Start, int Length) Outline(int glyph)
    {
        var loca = Table("loca");
        var (from, to) = _longOffsets
            ? ((int)U32(loca + 4 * glyph), (int)U32(loca + 4 * glyph + 4))
            : (2 * U16(loca + 2 * glyph), 2 * U16(loca + 2 * glyph + 2));
        return (Table("glyf") + from, to - from);
    }

    private void ReadCharacterMap(int cmap)
    {
        var maps = Enumerable.Range(0, U16(cmap + 2))
            .Select(i => cmap + 4 + 8 * i)
            .Where(entry => U16(entry) is 0 or 3)
            .Select(entry => cmap + (int)U32(entry + 4))
            .ToList();
        if (maps.FirstOrDefault(m => U16(m) == 12) is > 0 and var whole)
        {
            ReadGroups(whole);
        }
        else if (maps.FirstOrDefault(m => U16(m) == 4) is > 0 and var basic)
        {
            ReadSegments(basic);
        }
        else
        {
            throw new InvalidDataException($"{Name} has no Unicode character map.");
        }
    }

    private void ReadGroups(int map)
    {
        for (var i = 0; i < U32(map + 12); i++)
        {
            var group = map + 16 + 12 * i;
            for (var character = U32(group); character <= U32(group + 4); character++)
            {
                _glyphs[(int)character] = (ushort)(U32(group + 8) + character - U32(group));
            }
        }
    }

    private void ReadSegments(int map)
    {
        var count = U16(map + 6) / 2;
        for (var i = 0; i < count; i++)
        {
            var end = U16(map + 14 + 2 * i);
            var start = U16(map + 16 + 2 * count + 2 * i);
            var delta = U16(map + 16 + 4 * count + 2 * i);
            var rangeAt = map + 16 + 6 * count + 2 * i;
            for (var character = (int)start; character <= end && character != 0xFFFF; character++)
            {
                var glyph = U16(rangeAt) == 0 ? character : U16(rangeAt + U16(rangeAt) + 2 * (character - start));
                _glyphs[character] = (ushort)(glyph == 0 ? 0 : glyph + delta);
            }
        }
    }

    private int Table(string name) => _tables.TryGetValue(name, out var table) ? table.Offset : throw new InvalidDataException($"{Name} has no table {name}.");

    private byte[] Copy(string name) => _file.AsSpan(_tables[name].Offset, _tables[name].Length).ToArray();

    private int Scale(int units) => (int)Math.Round(units * 1000.0 / _unitsPerEm);

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16BigEndian(_file.AsSpan(at));

    private short I16(int at) => BinaryPrimitives.ReadInt16BigEndian(_file.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32BigEndian(_file.AsSpan(at));
}
