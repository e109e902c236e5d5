using System.Buffers.Binary;
using System.Text;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>One file within an archive.</summary>
/// <param name="Name">As the archive says; never used on disk.</param>
/// <param name="Start">Where its packed bytes begin.</param>
/// <param name="Packed">How many they are.</param>
/// <param name="Size">How many it unfolds to, as the archive says.</param>
/// <param name="Crc">CRC-32 of those.</param>
/// <param name="IsStored">Not compressed.</param>
internal sealed record ZipEntry(string Name, long Start, long Packed, long Size, uint Crc, bool IsStored)
{
    public bool IsFolder => Name.EndsWith('/');

    public string Extension => Path.GetExtension(Name.TrimEnd('/')).ToLowerInvariant();
}

/// <summary>
/// The table of contents of a ZIP (APPNOTE 6.3.10), read by ourselves: programs differ in what they believe of a hostile one, so that everything said twice
/// must agree, no two files may share bytes, and no name may leave the folder.
/// </summary>
internal static class ZipIndex
{
    private const int MostEntries = 20_000;
    private const int EndSize = 22;

    /// <summary>What a ZIP is refused for.</summary>
    internal sealed class HostileException(string code, string sentence) : Exception(code)
    {
        /// <summary>For the person; French.</summary>
        public string Sentence => sentence;
    }

    public static bool LooksLike(ReadOnlySpan<byte> head) => head.StartsWith("PK\u0003\u0004"u8) || head.StartsWith("PK\u0005\u0006"u8);

    /// <exception cref="InvalidDataException">It is cut off or broken.</exception>
    /// <exception cref="HostileException">It is made to do harm, or needs a password.</exception>
    public static IReadOnlyList<ZipEntry> Read(Stream file)
    {
        var (count, size, start) = End(file);
        if (count > MostEntries)
        {
            throw new HostileException("too_many_entries", "L'archive contient trop de fichiers.");
        }

        if (start < 0 || size < 0 || start + size > file.Length || size > 64 << 20)
        {
            throw Broken();
        }

        var table = Bytes(file, start, (int)size);
        var entries = new List<ZipEntry>();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var at = 0;
        for (var i = 0; i < count; i++)
        {
            var (entry, length) = Entry(file, table.AsSpan(Math.Min(at, table.Length)));
            at += length;
            if (!names.Add(entry.Name))
            {
                throw new HostileException("doubled_name", "L'archive contient deux fichiers du même nom.");
            }

            entries.Add(entry);
        }

        RefuseOverlaps(entries, start);
        return entries;
    }

    private static (ZipEntry Entry, int Length) Entry(Stream file, ReadOnlySpan<byte> row)
    {
        if (row.Length < 46 || !row.StartsWith("PK\u0001\u0002"u8))
        {
            throw Broken();
        }

        var (flags, method, crc) = (U16(row[8..]), U16(row[10..]), U32(row[16..]));
        long packed = U32(row[20..]), size = U32(row[24..]), local = U32(row[42..]);
        var (nameLength, extraLength, commentLength) = (U16(row[28..]), U16(row[30..]), U16(row[32..]));
        var length = 46 + nameLength + extraLength + commentLength;
        if (row.Length < length)
        {
            throw Broken();
        }

        Zip64(row.Slice(46 + nameLength, extraLength), ref size, ref packed, ref local);
        var name = Encoding.Latin1.GetString(row.Slice(46, nameLength));
        RefuseHostileName(name);
        if ((flags & 0x1) != 0)
        {
            throw new HostileException("password", "L'archive demande un mot de passe.");
        }

        // Unix: links and devices are no files.
        if (row[5] == 3 && (U32(row[38..]) >> 28) is not (0 or 4 or 8))
        {
            throw new HostileException("no_file", "L'archive contient un lien au lieu d'un fichier.");
        }

        if (method is not (0 or 8))
        {
            throw new HostileException("unknown_method", "L'archive est compressée d'une manière que peu de programmes savent lire.");
        }

        return (new ZipEntry(name, Local(file, local, row, method, nameLength), packed, size, crc, method == 0), length);
    }

    /// <returns>Where the packed bytes begin.</returns>
    private static long Local(Stream file, long at, ReadOnlySpan<byte> row, int method, int nameLength)
    {
        if (at < 0 || at + 30 > file.Length)
        {
            throw Broken();
        }

        var head = Bytes(file, at, 30).AsSpan();
        if (!head.StartsWith("PK\u0003\u0004"u8))
        {
            throw Broken();
        }

        // Two tables that tell two stories: each program would believe another.
        var deferred = (U16(head[6..]) & 0x8) != 0;
        if (U16(head[8..]) != method || U16(head[26..]) != nameLength || !Bytes(file, at + 30, nameLength).AsSpan().SequenceEqual(row.Slice(46, nameLength))
            || (!deferred && U32(head[14..]) != U32(row[16..])))
        {
            throw new HostileException("two_stories", "Les deux tables de l'archive ne disent pas la même chose.");
        }

        return at + 30 + nameLength + U16(head[28..]);
    }

    private static void RefuseHostileName(string name)
    {
        var parts = name.Replace('\\', '/').Split('/');
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal) || parts.Contains("..") || parts[0].Length == 0 || parts[0].EndsWith(':'))
        {
            throw new HostileException("path", "L'archive contient un fichier qui veut s'écrire ailleurs que dans son dossier.");
        }
    }

    private static void RefuseOverlaps(List<ZipEntry> entries, long table)
    {
        long end = 0;
        foreach (var entry in entries.OrderBy(e => e.Start))
        {
            if (entry.Start < end || entry.Packed < 0 || entry.Size < 0 || entry.Start + entry.Packed > table)
            {
                throw new HostileException("overlap", "Des fichiers de l'archive se recouvrent.");
            }

            end = entry.Start + entry.Packed;
        }
    }

    private static (long Count, long Size, long Start) End(Stream file)
    {
        var window = (int)Math.Min(file.Length, EndSize + 0xFFFF);
        var tail = Bytes(file, file.Length - window, window).AsSpan();
        for (var i = tail.Length - EndSize; i >= 0; i--)
        {
            if (!tail[i..].StartsWith("PK\u0005\u0006"u8))
            {
                continue;
            }

            var end = tail[i..];
            if (U16(end[10..]) != 0xFFFF && U32(end[12..]) != uint.MaxValue && U32(end[16..]) != uint.MaxValue)
            {
                return (U16(end[10..]), U32(end[12..]), U32(end[16..]));
            }

            var locator = file.Length - window + i - 20;
            if (locator < 0 || Bytes(file, locator, 20).AsSpan() is var found && !found.StartsWith("PK\u0006\u0007"u8)
                || Bytes(file, locator, 20).AsSpan() is var place && (long)U64(place[8..]) is var at && (at < 0 || at + 56 > file.Length))
            {
                throw Broken();
            }

            var large = Bytes(file, (long)U64(Bytes(file, locator, 20).AsSpan()[8..]), 56).AsSpan();
            return ((long)U64(large[32..]), (long)U64(large[40..]), (long)U64(large[48..]));
        }

        throw Broken();
    }

    private static void Zip64(ReadOnlySpan<byte> extra, ref long size, ref long packed, ref long local)
    {
        while (extra.Length >= 4)
        {
            var (id, length) = (U16(extra), U16(extra[2..]));
            if (extra.Length < 4 + length)
            {
                return;
            }

            if (id == 1)
            {
                var field = extra.Slice(4, length);
                Take(ref field, ref size);
                Take(ref field, ref packed);
                Take(ref field, ref local);
            }

            extra = extra[(4 + length)..];
        }

        static void Take(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value == uint.MaxValue && field.Length >= 8)
            {
                value = (long)U64(field);
                field = field[8..];
            }
        }
    }

    private static InvalidDataException Broken() => new("L'archive est coupée ou abîmée.");

    private static byte[] Bytes(Stream file, long from, int count)
    {
        var bytes = new byte[count];
        file.Position = from;
        return file.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count ? bytes : throw Broken();
    }

    private static int U16(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadUInt16LittleEndian(b);

    private static uint U32(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadUInt32LittleEndian(b);

    private static ulong U64(ReadOnlySpan<byte> b) => BinaryPrimitives.ReadUInt64LittleEndian(b);
}
