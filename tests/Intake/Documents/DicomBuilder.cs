using System.IO.Compression;
using System.Text;

namespace SecondOpinion.Tests.Intake.Documents;

/// <summary>Small DICOM files for tests, drawn by hand: the project ships nobody's images.</summary>
internal sealed class DicomBuilder
{
    public const string ImplicitLittleEndian = "1.2.840.10008.1.2";
    public const string ExplicitLittleEndian = "1.2.840.10008.1.2.1";
    public const string Deflated = "1.2.840.10008.1.2.1.99";
    public const string ExplicitBigEndian = "1.2.840.10008.1.2.2";
    public const string JpegBaseline = "1.2.840.10008.1.2.4.50";
    private const uint Undefined = 0xFFFFFFFF;

    private readonly string _syntax;
    private readonly MemoryStream _body = new();

    private DicomBuilder(string syntax) => _syntax = syntax;

    private bool Implicit => _syntax is ImplicitLittleEndian or "1.2.840.113619.5.2";

    private bool Compressed => _syntax.StartsWith("1.2.840.10008.1.2.4.", StringComparison.Ordinal) || _syntax == "1.2.840.10008.1.2.5";

    private bool BigEndian => _syntax == ExplicitBigEndian;

    public static byte[] Image(string syntax, byte[]? preamble = null, Action<DicomBuilder>? more = null, byte[]? pixels = null)
    {
        var b = new DicomBuilder(syntax);
        b.Element(0x0008, 0x0016, "UI", Encoding.ASCII.GetBytes("1.2.840.10008.5.1.4.1.1.7\0"));
        b.Element(0x0008, 0x0018, "UI", Encoding.ASCII.GetBytes("2.25.1234567890\0"));
        b.Header(0x0008, 0x1140, "SQ", Undefined);
        b.Header(0xFFFE, 0xE000, "", Undefined);
        b.Element(0x0008, 0x1150, "UI", Encoding.ASCII.GetBytes("1.2.3\0"));
        b.Header(0xFFFE, 0xE00D, "", 0);
        b.Header(0xFFFE, 0xE0DD, "", 0);
        b.Element(0x0010, 0x0010, "PN", Encoding.ASCII.GetBytes("EXEMPLE^FICTIF "));
        b.Element(0x0028, 0x0010, "US", [8, 0]);
        more?.Invoke(b);
        if (b.Compressed)
        {
            b.Header(0x7FE0, 0x0010, "OB", Undefined);
            b.Fragment([]);
            b.Fragment(new byte[64]);
            b.Header(0xFFFE, 0xE0DD, "", 0);
        }
        else
        {
            b.Element(0x7FE0, 0x0010, "OW", pixels ?? new byte[128]);
        }

        var body = b._body.ToArray();
        if (syntax == Deflated)
        {
            var packed = new MemoryStream();
            using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                deflate.Write(body);
            }

            body = packed.ToArray();
        }

        var meta = new DicomBuilder(ExplicitLittleEndian);
        meta.Element(0x0002, 0x0001, "OB", [0, 1]);
        meta.Element(0x0002, 0x0010, "UI", Encoding.ASCII.GetBytes(syntax.Length % 2 == 0 ? syntax : syntax + "\0"));
        return [.. preamble ?? new byte[128], .. "DICM"u8, .. meta._body.ToArray(), .. body];
    }

    /// <summary>As older devices write: without preamble and mark.</summary>
    public static byte[] Bare(string syntax, bool meta)
    {
        var whole = Image(syntax);
        const int metaLength = 8 + 4 + 8 + 2 + 4; // the version, and the syntax's own header
        return meta
            ? [0x02, 0, 0, 0, (byte)'U', (byte)'L', 4, 0, (byte)(metaLength + syntax.Length), 0, 0, 0, .. whole[132..]]
            : whole[(132 + 14 + 8 + (syntax.Length + 1) / 2 * 2)..];
    }

    /// <summary>The index of a CD: a media directory, without an object of its own.</summary>
    public static byte[] Directory()
    {
        var meta = new DicomBuilder(ExplicitLittleEndian);
        meta.Element(0x0002, 0x0002, "UI", Encoding.ASCII.GetBytes("1.2.840.10008.1.3.10"));
        meta.Element(0x0002, 0x0010, "UI", Encoding.ASCII.GetBytes(ExplicitLittleEndian + "\0"));
        meta.Element(0x0004, 0x1130, "CS", Encoding.ASCII.GetBytes("CD1 "));
        return [.. new byte[128], .. "DICM"u8, .. meta._body.ToArray()];
    }

    public void Element(ushort group, ushort element, string vr, byte[] value)
    {
        Header(group, element, vr, (uint)value.Length);
        _body.Write(value);
    }

    private void Fragment(byte[] value)
    {
        Header(0xFFFE, 0xE000, "", (uint)value.Length);
        _body.Write(value);
    }

    public void Header(ushort group, ushort element, string vr, uint length)
    {
        Write(group);
        Write(element);
        if (Implicit || group == 0xFFFE)
        {
            Write(length);
        }
        else
        {
            _body.Write(Encoding.ASCII.GetBytes(vr));
            if (vr is "OB" or "OW" or "SQ" or "UN" or "UT")
            {
                Write((ushort)0);
                Write(length);
            }
            else
            {
                Write((ushort)length);
            }
        }
    }

    private void Write(ushort value) => _body.Write(BigEndian ? [(byte)(value >> 8), (byte)value] : [(byte)value, (byte)(value >> 8)]);

    private void Write(uint value)
    {
        byte[] bytes = [(byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24)];
        _body.Write(BigEndian ? [.. bytes.Reverse()] : bytes);
    }
}
