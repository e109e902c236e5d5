using System.Buffers.Binary;
using System.Text;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// DICOM Part 10, read element by element to the last byte (PS3.5 §7, PS3.10 §7): a file that was cut off anywhere ends in the middle of a value.
/// Values are skipped, not read, so the size of the image does not matter.
/// </summary>
internal static class DicomFile
{
    private const int PreambleSize = 128;
    private const string ExplicitBigEndian = "1.2.840.10008.1.2.2";
    private const string ImplicitLittleEndian = "1.2.840.10008.1.2";
    private const string ExplicitLittleEndian = "1.2.840.10008.1.2.1";
    private const string GePrivate = "1.2.840.113619.5.2"; // implicit little endian, only its pixels are big endian
    private const string MediaDirectory = "1.2.840.10008.1.3.10";

    /// <summary>The whole data set is deflated: alone, or around references to pixels elsewhere.</summary>
    private static readonly string?[] Deflated = ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"];

    /// <summary>
    /// Storage classes that are images (PS3.4 B.5), after the common root; « . » at the end stands for a whole branch. Others (reports, plans, curves) have no
    /// pixels.
    /// </summary>
    private static readonly string[] ImageClasses =
    [
        "1", "1.", "2", "2.", "3", "3.", "4", "4.1", "4.3", "6", "6.", "7", "7.", "12.", "13.1.", "20", "30", "77.1.", "128", "128.1", "130", "481.1", "481.2",
    ];

    private const string StorageRoot = "1.2.840.10008.5.1.4.1.1.";

    /// <summary>With its mark after 128 free bytes; or without them, beginning with the header or the first elements, as older devices write.</summary>
    public static bool LooksLike(ReadOnlySpan<byte> head) => HasMark(head) || IsBare(head);

    private static bool HasMark(ReadOnlySpan<byte> head) => head.Length >= PreambleSize + 4 && head.Slice(PreambleSize, 4).SequenceEqual("DICM"u8);

    /// <summary>Group 0002 explicit, or group 0008 with one of its first elements, explicit or implicit.</summary>
    private static bool IsBare(ReadOnlySpan<byte> head) =>
        head.Length > 64 && (head[..6].SequenceEqual("\u0002\0\0\0UL"u8)
            || (head[0] == 8 && head[1] == 0 && head[3] == 0 && head[2] is 0x00 or 0x05 or 0x08 or 0x12 or 0x16
                && (IsVr(head.Slice(4, 2))
                    || (BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) is var length && length is > 0 and <= 256 && length % 2 == 0))));

    private static bool IsVr(ReadOnlySpan<byte> vr) => char.IsAsciiLetterUpper((char)vr[0]) && char.IsAsciiLetterUpper((char)vr[1]);

    /// <summary>
    /// The 128 free bytes may hold anything (zeros, a TIFF, a BigTIFF, a device's own words) but a program or another kind of document, which would open
    /// instead of the image.
    /// </summary>
    public static string? Preamble(ReadOnlySpan<byte> head) =>
        !HasMark(head)
            ? null
            : FileKind.Program(head) ?? (head.StartsWith("PK\u0003\u0004"u8) ? "archive" : head[..PreambleSize].IndexOf("%PDF-"u8) >= 0 ? "pdf" : null);

    public static Recognised Check(Stream file)
    {
        var head = new byte[Math.Min(file.Length, 1024)];
        file.Position = 0;
        file.ReadExactly(head);
        file.Position = 0;
        return CheckUnfolding(file, head);
    }

    /// <summary>The same of what can be read once only, and stands at its beginning.</summary>
    public static Recognised CheckUnfolding(Stream file, ReadOnlySpan<byte> head)
    {
        try
        {
            file.Position = HasMark(head) ? PreambleSize + 4 : 0;
            var (syntax, mediaClass) = ReadMeta(file);
            if (mediaClass == MediaDirectory)
            {
                return new Recognised.IndexOnly();
            }

            if (!Deflated.Contains(syntax))
            {
                return Verdict(new ElementReader(file, syntax ?? Guess(file)));
            }

            using var plain = new Inflated(file);
            return Verdict(new ElementReader(plain, ExplicitLittleEndian));
        }
        catch (EndOfStreamException)
        {
            return Broken("L'image est coupée avant la fin.");
        }
        catch (InvalidDataException broken)
        {
            return Broken(broken.Message);
        }
    }

    private static Recognised Verdict(ElementReader reader) =>
        reader.ReadDataset() is { } fault ? Broken(fault) : new Recognised.Accepted(FileKind.Dicom, Dicom: DicomFacts.Of(reader.Values));

    /// <summary>Without a word on the transfer syntax: explicit when a value representation stands after the first tag.</summary>
    private static string Guess(Stream file)
    {
        Span<byte> first = stackalloc byte[6];
        var at = file.Position;
        file.ReadExactly(first);
        file.Position = at;
        return IsVr(first[4..]) ? ExplicitLittleEndian : ImplicitLittleEndian;
    }

    private static bool IsImage(string sopClass) =>
        sopClass.StartsWith(StorageRoot, StringComparison.Ordinal) && sopClass[StorageRoot.Length..] is var branch
        && ImageClasses.Any(c => c.EndsWith('.') ? branch.StartsWith(c, StringComparison.Ordinal) : branch == c);

    private static Recognised.Damaged Broken(string where) => new(FileKind.Dicom, where);

    /// <summary>Group 0002 is always explicit little endian; it names the transfer syntax of what follows, and the class of the object.</summary>
    private static (string? Syntax, string? MediaClass) ReadMeta(Stream file)
    {
        var reader = new ElementReader(file, ExplicitLittleEndian);
        string? syntax = null, mediaClass = null;
        while (reader.PeekGroup() == 0x0002)
        {
            var (element, length) = reader.ReadHeader();
            switch (element)
            {
                case 0x0002:
                    mediaClass = Encoding.ASCII.GetString(reader.ReadValue(length, atMost: 64)).TrimEnd('\0', ' ');
                    break;
                case 0x0010:
                    syntax = Encoding.ASCII.GetString(reader.ReadValue(length, atMost: 64)).TrimEnd('\0', ' ');
                    break;
                default:
                    reader.Skip(length);
                    break;
            }
        }

        return (syntax, mediaClass);
    }

    private sealed class ElementReader(Stream file, string syntax)
    {
        private const uint Undefined = 0xFFFF_FFFF;
        private const int Deepest = 32;
        private readonly bool _bigEndian = syntax == ExplicitBigEndian;
        private readonly bool _implicit = syntax is ImplicitLittleEndian or GePrivate;
        private readonly byte[] _buffer = new byte[8];
        private string _vr = "";
        private ushort _group;

        /// <summary>What was asked for of the header.</summary>
        public Dictionary<uint, byte[]> Values { get; } = [];

        /// <summary>-1 at the end of the file.</summary>
        public int PeekGroup()
        {
            var at = file.Position;
            if (at == file.Length)
            {
                return -1;
            }

            var group = ReadUInt16();
            file.Position = at;
            return group;
        }

        /// <returns>What is wrong, or null when the dataset is whole and says what kind of object it is (SOP class).</returns>
        public string? ReadDataset()
        {
            string? sopClass = null;
            var pixels = false;
            while (file.Position < file.Length)
            {
                try
                {
                    var (element, length) = ReadHeader();
                    var tag = (uint)_group << 16 | element;
                    if (_group == 0xFFFE)
                    {
                        throw new InvalidDataException("Les éléments de l'image ne se suivent pas.");
                    }

                    if (tag == 0x0008_0016)
                    {
                        sopClass = Encoding.ASCII.GetString(ReadValue(length, atMost: 64)).TrimEnd('\0', ' ');
                    }
                    else if (length <= 1024 && DicomFacts.Tags.Contains(tag))
                    {
                        Values[tag] = ReadValue(length, atMost: 1024);
                    }
                    else
                    {
                        Pass(length, depth: 0);
                    }

                    pixels |= tag is 0x7FE0_0010 or 0x7FE0_0008 or 0x7FE0_0009;
                }
                catch (Exception exception) when (pixels && exception is (EndOfStreamException or InvalidDataException))
                {
                    // The image is whole; what transports append after it (padding, line ends) readers ignore.
                    break;
                }
            }

            // A cut between two elements leaves whole elements behind; the pixels come last and are then missing.
            return sopClass is null ? "Le fichier ne contient pas d'objet médical."
                : IsImage(sopClass) && !pixels ? "L'image est coupée : il en manque les points."
                : null;
        }

        public (ushort Element, uint Length) ReadHeader()
        {
            _group = ReadUInt16();
            var element = ReadUInt16();
            // Items and delimiters have no VR in any syntax.
            if (_implicit || _group == 0xFFFE)
            {
                _vr = "";
                return (element, ReadUInt32());
            }

            Fill(2);
            _vr = Encoding.ASCII.GetString(_buffer, 0, 2);
            if (!char.IsAsciiLetterUpper(_vr[0]) || !char.IsAsciiLetterUpper(_vr[1]))
            {
                throw new InvalidDataException("Un élément de l'image est illisible.");
            }

            if (_vr is "OB" or "OD" or "OF" or "OL" or "OV" or "OW" or "SQ" or "SV" or "UC" or "UN" or "UR" or "UT" or "UV")
            {
                ReadUInt16();
                return (element, ReadUInt32());
            }

            return (element, ReadUInt16());
        }

        public byte[] ReadValue(uint length, int atMost)
        {
            if (length > atMost)
            {
                throw new InvalidDataException("L'en-tête de l'image est illisible.");
            }

            var value = new byte[length];
            file.ReadExactly(value);
            return value;
        }

        public void Skip(uint length)
        {
            if (length > file.Length - file.Position)
            {
                throw new EndOfStreamException();
            }

            file.Position += length;
        }

        private void Pass(uint length, int depth)
        {
            if (depth > Deepest)
            {
                throw new InvalidDataException("L'image a trop de niveaux.");
            }

            if (length != Undefined && (_vr is not "SQ" || length == 0))
            {
                Skip(length);
            }
            else if (length == Undefined && _vr is "OB" or "OW")
            {
                PassFragments();
            }
            else
            {
                // An undefined length of UN is a sequence in implicit VR inside an explicit file; rare enough to be walked as items without looking in.
                PassItems(length == Undefined ? long.MaxValue : checked(file.Position + length), depth);
            }
        }

        /// <summary>Encapsulated pixels: fragments of defined length, closed by a delimiter.</summary>
        private void PassFragments()
        {
            while (true)
            {
                var (element, length) = ReadHeader();
                if (_group != 0xFFFE || element is not (0xE000 or 0xE0DD))
                {
                    throw new InvalidDataException("Les données de l'image sont abîmées.");
                }

                if (element == 0xE0DD)
                {
                    return;
                }

                Skip(length);
            }
        }

        private void PassItems(long end, int depth)
        {
            var isUnknown = _vr == "UN";
            while (file.Position < end)
            {
                var (element, length) = ReadHeader();
                if (_group != 0xFFFE || element is not (0xE000 or 0xE0DD))
                {
                    throw new InvalidDataException("Une liste de l'image est abîmée.");
                }

                if (element == 0xE0DD)
                {
                    return;
                }

                if (length != Undefined)
                {
                    Skip(length);
                }
                else
                {
                    (isUnknown ? new ElementReader(file, ImplicitLittleEndian) : this).PassItem(depth + 1);
                }
            }

            if (end != long.MaxValue && file.Position != end)
            {
                throw new InvalidDataException("Une liste de l'image est abîmée.");
            }
        }

        /// <summary>Elements of an item of undefined length, up to its delimiter.</summary>
        private void PassItem(int depth)
        {
            while (true)
            {
                var (element, length) = ReadHeader();
                if (_group == 0xFFFE)
                {
                    if (element == 0xE00D)
                    {
                        return;
                    }

                    throw new InvalidDataException("Une liste de l'image est abîmée.");
                }

                Pass(length, depth);
            }
        }

        private ushort ReadUInt16()
        {
            Fill(2);
            return _bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(_buffer) : BinaryPrimitives.ReadUInt16LittleEndian(_buffer);
        }

        private uint ReadUInt32()
        {
            Fill(4);
            return _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(_buffer) : BinaryPrimitives.ReadUInt32LittleEndian(_buffer);
        }

        private void Fill(int count) => file.ReadExactly(_buffer, 0, count);
    }
}
