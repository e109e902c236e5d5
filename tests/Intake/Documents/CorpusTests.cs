using System.Globalization;
using System.Text;
using ImageMagick;
using SecondOpinion.Intake.Documents.Recognition;

namespace SecondOpinion.Tests.Intake.Documents;

/// <summary>What readers of each format open, made by code, with its verdict. docs/what-we-accept.md is made from <see cref="Table"/>.</summary>
public sealed class CorpusTests
{
    private const string Explicit = DicomBuilder.ExplicitLittleEndian;

    private sealed record Sample(string Format, string What, string Verdict, Func<byte[]> Make);

    /// <summary>Every transfer syntax of PS3.6 whose data set is plain explicit little endian, by its end.</summary>
    private static readonly string[] Encapsulated =
    [
        "4.50", "4.51", "4.57", "4.70", "4.80", "4.81", "4.90", "4.91", "4.92", "4.93", "4.94", "4.100", "4.100.1", "4.101", "4.101.1", "4.102",
        "4.102.1", "4.103", "4.103.1",
        "4.104", "4.104.1", "4.105", "4.105.1", "4.106", "4.106.1", "4.107", "4.108", "4.110", "4.111", "4.112", "4.201", "4.202", "4.203", "4.204", "5",
    ];

    private static readonly Dictionary<string, string> MediaTypes = new()
    {
        ["PDF"] = FileKind.Pdf,
        ["JPEG"] = FileKind.Jpeg,
        ["PNG"] = FileKind.Png,
        ["HEIC"] = FileKind.Heic,
        ["TIFF"] = FileKind.Tiff,
        ["DICOM"] = FileKind.Dicom,
        ["CD as ZIP"] = FileKind.Disc,
        ["text"] = FileKind.Text,
        ["CDA"] = FileKind.Cda,
        ["DOCX"] = FileKind.Docx,
        ["ODT"] = FileKind.Odt,
    };

    private static readonly Sample[] Corpus =
    [
        new("PDF", "as written", "accepted", () => Pdf()),
        new("PDF", "a line end before its header", "accepted", () => [.. "\r\n"u8, .. Pdf()]),
        new("PDF", "a byte order mark before its header", "accepted", () => [.. "\uFEFF"u8, .. Pdf()]),
        new("PDF", "up to a kilobyte of other bytes before its header", "accepted", () => [.. Enumerable.Repeat((byte)'x', 900), .. Pdf()]),
        new("PDF", "3,000 zero bytes after its end", "accepted", () => [.. Pdf(), .. new byte[3000]]),
        new("PDF", "200,000 bytes of something else after its end", "accepted", () => [.. Pdf(), .. Enumerable.Repeat((byte)'\n', 200_000)]),
        new("PDF", "line ends changed in transport, so that its table stands elsewhere", "accepted",
            () => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(Pdf()).Replace("\n", "\r\n"))),
        new("PDF", "needs a password to open", "password", LockedPdf),
        new("PDF", "only forbids printing and copying", "accepted", () => ProtectedPdf(null)),
        new("PDF", "cut off", "damaged", () => Pdf()[..^60]),
        new("PDF", "a linearized one that is cut after its first page", "damaged",
            () => Encoding.Latin1.GetBytes("%PDF-1.5\n1 0 obj\n<</Linearized 1/L 500000/O 3>>\nendobj\nstartxref\n0\n%%EOF\n")),
        new("JPEG", "as written", "accepted", () => Jpeg()),
        new("JPEG", "fill bytes and others between its segments", "accepted", () => [.. Jpeg()[..20], 0x00, 0x11, 0xFF, 0xFF, .. Jpeg()[20..]]),
        new("JPEG", "a video of a megabyte after its end (motion photo)", "accepted", () => [.. Jpeg(), .. new byte[1_000_000]]),
        new("JPEG", "several scans (progressive)", "accepted", () => Samples.Picture(MagickFormat.Pjpeg)),
        new("JPEG", "all its points and no end mark", "accepted", () => Jpeg()[..^2]),
        new("JPEG", "a preview with its own end mark in its header, and cut off after it", "damaged",
            () => [0xFF, 0xD8, 0xFF, 0xE1, 0x00, 0x08, 0xFF, 0xD8, 0xFF, 0xD9, 0, 0, .. Jpeg()[2..^60]]),
        new("JPEG", "a header that is whole and points that are missing, and an end mark", "damaged", () => [.. Jpeg()[..^60], 0xFF, 0xD9]),
        new("JPEG", "cut off", "damaged", () => Jpeg()[..^60]),
        new("JPEG", "cut off between the scans of a progressive one", "damaged", () => CutProgressive()),
        new("JPEG", "a header and nothing that can be decoded", "damaged",
            () => [0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x0B, 8, 0, 1, 0, 1, 1, 1, 0x11, 0, 0xFF, 0xDA, 0x00, 0x08, 1, 1, 0, 0, 0x3F, 0, 0x12, 0xFF, 0xD9]),
        new("PNG", "as written", "accepted", () => Samples.Picture(MagickFormat.Png)),
        new("PNG", "bytes after its end", "accepted", () => [.. Samples.Picture(MagickFormat.Png), .. new byte[500]]),
        new("PNG", "cut off", "damaged", () => Samples.Picture(MagickFormat.Png)[..^40]),
        new("PNG", "points that were changed", "damaged", () => Changed(Samples.Picture(MagickFormat.Png))),
        new("PNG", "an announcement of 31,000 points a side in a few kilobytes", "too large", () => Samples.Flood(31_000)),
        new("PNG", "an announcement of 50,000 points a side", "too large", () => Samples.Flood(50_000)),
        new("HEIC", "as a phone writes it", "accepted", () => Samples.Heic),
        new("HEIC", "cut off", "damaged", () => Samples.Heic[..^20]),
        new("TIFF", "one page", "accepted", () => Samples.Picture(MagickFormat.Tiff)),
        new("TIFF", "several pages (a fax)", "accepted", () => Samples.Picture(MagickFormat.Tiff, pages: 3)),
        new("TIFF", "cut off", "damaged", () => Samples.Picture(MagickFormat.Tiff)[..1000]),
        new("DICOM", "a preamble of zeros", "accepted", () => DicomBuilder.Image(Explicit)),
        new("DICOM", "a TIFF preamble, little or big endian", "accepted", () => DicomBuilder.Image(Explicit, Preamble("II*\0"))),
        new("DICOM", "a BigTIFF preamble (whole-slide images)", "accepted", () => DicomBuilder.Image(Explicit, Preamble("II+\0"))),
        new("DICOM", "a device's own words in the preamble", "accepted", () => DicomBuilder.Image(Explicit, Preamble("VENDOR 4.2"))),
        new("DICOM", "a program in the preamble", "disguised", () => DicomBuilder.Image(Explicit, Preamble("MZ"))),
        new("DICOM", "no preamble, beginning with its mark's header", "accepted", () => DicomBuilder.Bare(Explicit, meta: true)),
        new("DICOM", "neither preamble nor header, explicit", "accepted", () => DicomBuilder.Bare(Explicit, meta: false)),
        new("DICOM", "neither preamble nor header, implicit", "accepted", () => DicomBuilder.Bare(DicomBuilder.ImplicitLittleEndian, meta: false)),
        new("DICOM", "implicit little endian", "accepted", () => DicomBuilder.Image(DicomBuilder.ImplicitLittleEndian)),
        new("DICOM", "explicit big endian", "accepted", () => DicomBuilder.Image(DicomBuilder.ExplicitBigEndian)),
        new("DICOM", "deflated", "accepted", () => DicomBuilder.Image(DicomBuilder.Deflated)),
        new("DICOM", "implicit little endian of GE's own name", "accepted", () => DicomBuilder.Image("1.2.840.113619.5.2")),
        .. Encapsulated.Select(
            end =>
                new Sample("DICOM", $"compressed, transfer syntax 1.2.840.10008.1.2.{end}", "accepted", () => DicomBuilder.Image($"1.2.840.10008.1.2.{end}"))),
        new("DICOM", "zero bytes after its pixels", "accepted", () => [.. DicomBuilder.Image(Explicit), .. new byte[300]]),
        new("DICOM", "a line end after its pixels", "accepted", () => [.. DicomBuilder.Image(Explicit), .. "\r\n"u8]),
        new("DICOM", "elements that are not in order", "accepted",
            () => DicomBuilder.Image(Explicit, more: b => b.Element(0x0008, 0x0060, "CS", "MR"u8.ToArray()))),
        new("DICOM", "the index of a CD (DICOMDIR) without its images", "index of a CD", DicomBuilder.Directory),
        new("DICOM", "cut off", "damaged", () => DicomBuilder.Image(Explicit)[..^20]),
        new("DICOM", "deflated, unfolding to a thousand times its size", "damaged", Bomb),
        new("CD as ZIP", "images, an index, a viewer and its autorun (left out)", "accepted", () => Samples.Cd()),
        new("CD as ZIP", "an index and no images", "index of a CD", () => Samples.Zip(("DICOMDIR", DicomBuilder.Directory()))),
        new("CD as ZIP", "a viewer and no images", "unknown", () => Samples.Zip(("viewer.exe", [.. "MZ"u8, .. new byte[50]]))),
        new("CD as ZIP", "an image that is cut off", "damaged", () => Samples.Zip(("IM1", Samples.Slice("1.2", "1.2.1", 1)[..^20]))),
        new("CD as ZIP", "an image that unfolds to a thousand times its size", "damaged", () => Samples.Zip(("IM1", Hollow()))),
        new("CD as ZIP", "a size that is not that of what it unfolds to", "damaged",
            () => Samples.Patched(Samples.Zip(("IM1", Samples.Slice("1.2", "1.2.1", 1))), (zip, at) => zip[at + 24] = 10)),
        new("CD as ZIP", "cut off", "damaged", () => Samples.Cd()[..^200]),
        new("CD as ZIP", "a password", "password", () => Samples.Patched(Samples.Cd(), (zip, at) => zip[at + 8] |= 1)),
        new("CD as ZIP", "a file that climbs out of its folder", "harmful", () => Samples.Zip(("DICOM/../../IM1", Samples.Slice("1.2", "1.2.1", 1)))),
        new("CD as ZIP", "a file with a path from the root", "harmful", () => Samples.Zip(("/etc/IM1", Samples.Slice("1.2", "1.2.1", 1)))),
        new("CD as ZIP", "a file on drive C:", "harmful", () => Samples.Zip((@"C:\IM1", Samples.Slice("1.2", "1.2.1", 1)))),
        new("CD as ZIP", "a link in place of a file", "harmful",
            () => Samples.Patched(Samples.Cd(), (zip, at) => (zip[at + 5], zip[at + 41]) = (3, 0xA0))),
        new("CD as ZIP", "two files of one name", "harmful", () => Samples.Zip(("IM1", [1, 2, 3]), ("IM1", [1, 2, 3]))),
        new("CD as ZIP", "files that share their bytes (overlap bomb)", "harmful", Overlapping),
        new("CD as ZIP", "two tables that tell two stories", "harmful", () => Samples.Patched(Samples.Cd(), (zip, _) => zip[30] = (byte)'X')),
        new("text", "letters and line ends", "accepted", () => "Compte rendu de consultation : tout va bien.\r\n"u8.ToArray()),
        new("text", "letters of Windows-1252", "accepted", () => Encoding.Latin1.GetBytes("Échographie : kyste à gauche.\r\n")),
        new("CDA", "as written", "accepted", () => Samples.Cda()),
        new("CDA", "a definition of its own (DTD)", "harmful", () => Samples.Cda("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>\n")),
        new("CDA", "a billion laughs", "harmful", () => Samples.Cda("<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n")),
        new("CDA", "cut off", "damaged", () => Samples.Cda()[..^30]),
        new("DOCX", "as written", "accepted", () => Samples.Docx()),
        new("DOCX", "a macro", "harmful", () => Samples.Docx(("word/vbaProject.bin", [1]))),
        new("DOCX", "a template from elsewhere", "harmful", () => Samples.Docx(
            ("word/_rels/settings.xml.rels",
                "<Relationship Type=\"attachedTemplate\" Target=\"https://example.org/t.dotm\" TargetMode=\"External\"/>"u8.ToArray()))),
        new("DOCX", "a part that unfolds to a thousand times its size", "damaged", () => Samples.Docx(("word/media/image1.png", new byte[64 << 20]))),
        new("ODT", "as written", "accepted", () => Samples.Zip(
            ("mimetype", "application/vnd.oasis.opendocument.text"u8.ToArray()), ("content.xml", "<office:document-content/>"u8.ToArray()))),
        new("ODT", "a macro", "harmful", () => Samples.Zip(
            ("mimetype", "application/vnd.oasis.opendocument.text"u8.ToArray()), ("Basic/Standard/Module1.xml", [1]))),
        new("other", "an empty file", "empty", () => []),
        new("other", "a program, whatever its name", "disguised", () => [.. "MZ"u8, .. new byte[200]]),
        new("other", "a page of the web, whatever its name", "disguised", () => "<html><script>alert(1)</script></html>"u8.ToArray()),
        new("other", "a drawing with a script (SVG)", "unknown", () => "<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>"u8.ToArray()),
        new("other", "a GIF, with or without a script in it", "unknown", () => [.. "GIF89a/*"u8, 1, 0, 1, 0, 0x80, .. "*/=1;alert(1)"u8]),
        new("other", "an archive within an archive", "unknown", () => Samples.Zip(("inner.zip", Samples.Zip(("a.exe", "MZ"u8.ToArray()))))),
    ];

    /// <summary>One row each: format, what is particular, verdict.</summary>
    public static IEnumerable<(string Format, string What, string Verdict)> Table => Corpus.Select(s => (s.Format, s.What, s.Verdict));

    public static TheoryData<string> Names => [.. Corpus.Select(s => $"{s.Format}: {s.What}")];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_gets_its_verdict(string name)
    {
        var sample = Corpus.Single(s => $"{s.Format}: {s.What}" == name);
        var verdict = await Samples.Verdict(sample.Make());
        verdict.ShouldBe(sample.Verdict == "accepted" ? MediaTypes[sample.Format] : sample.Verdict);
    }

    [Fact]
    public void What_we_accept_is_documented_as_it_is_tested()
    {
        var page = Path.Combine(Root(), "docs", "what-we-accept.md");
        const string begin = "<!-- files: made from tests/Intake/Documents/CorpusTests.cs -->\n", end = "<!-- end of files -->";
        var table = new StringBuilder("| format | a file with… | is |\n|---|---|---|\n");
        foreach (var (format, what, verdict) in Table.Where(row => !row.What.StartsWith("compressed,", StringComparison.Ordinal)))
        {
            table.Append(CultureInfo.InvariantCulture, $"| {format} | {what} | {verdict} |\n");
        }

        table.Append(CultureInfo.InvariantCulture,
            $"| DICOM | compressed pixels, transfer syntaxes 1.2.840.10008.1.2.{{{string.Join(", ", Encapsulated)}}} | accepted |\n");
        var text = File.ReadAllText(page);
        var (from, to) = (text.IndexOf(begin, StringComparison.Ordinal) + begin.Length, text.IndexOf(end, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(page, text[..from] + table + text[to..]);
            return;
        }

        text[from..to].ShouldBe(table.ToString(), "record it with UPDATE_GOLDEN=1");
    }

    [Fact]
    public void A_deflated_bomb_is_stopped_while_it_unfolds()
    {
        var bomb = Bomb();
        var before = GC.GetAllocatedBytesForCurrentThread();
        FileKind.Of(new MemoryStream(bomb)).ShouldBeOfType<Recognised.Damaged>();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(4_000_000);
    }

    private static byte[] Preamble(string start)
    {
        var preamble = new byte[128];
        Encoding.Latin1.GetBytes(start).CopyTo(preamble, 0);
        return preamble;
    }

    private static byte[] Bomb() => DicomBuilder.Image(DicomBuilder.Deflated, more: b => b.Element(0x0040, 0xA730, "OB", new byte[64 << 20]));

    private static byte[] Jpeg() => Samples.Picture(MagickFormat.Jpeg);

    /// <summary>Behind its last scan but one: a decoder fills in what is missing and says nothing, once there is an end mark.</summary>
    private static byte[] CutProgressive()
    {
        var whole = Samples.Picture(MagickFormat.Pjpeg);
        var last = whole.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        return whole[..last];
    }

    private static byte[] Changed(byte[] png)
    {
        var at = png.AsSpan().IndexOf("IDAT"u8) + 10;
        png[at] ^= 0x55;
        return png;
    }

    /// <summary>An image whose pixels are 64 MB of nothing.</summary>
    private static byte[] Hollow() => DicomBuilder.Image(Explicit, pixels: new byte[64 << 20]);

    private static byte[] Overlapping()
    {
        // The first file's bytes, as the table says, go on into the second one's.
        var zip = Samples.Zip(("A", new byte[1000]), ("B", new byte[1000]));
        zip[zip.AsSpan().IndexOf("PK\u0001\u0002"u8) + 20] = 70;
        return zip;
    }

    private static byte[] Pdf()
    {
        var text = new StringBuilder("%PDF-1.4\n");
        var offsets = new List<int>();
        foreach (var body in (string[])[
            "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"])
        {
            offsets.Add(text.Length);
            text.Append(CultureInfo.InvariantCulture, $"{offsets.Count} 0 obj\n{body}\nendobj\n");
        }

        var table = text.Length;
        text.Append("xref\n0 4\n0000000000 65535 f \n");
        offsets.ForEach(o => text.Append(CultureInfo.InvariantCulture, $"{o:D10} 00000 n \n"));
        text.Append(CultureInfo.InvariantCulture, $"trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n");
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private static byte[] LockedPdf() => ProtectedPdf("secret");

    private static byte[] ProtectedPdf(string? userPassword)
    {
        using var document = new PdfSharp.Pdf.PdfDocument();
        document.AddPage();
        document.SecuritySettings.OwnerPassword = "the hospital's own";
        if (userPassword is not null)
        {
            document.SecuritySettings.UserPassword = userPassword;
        }

        document.SecuritySettings.PermitPrint = false;
        using var bytes = new MemoryStream();
        document.Save(bytes, closeStream: false);
        return bytes.ToArray();
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SecondOpinion.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
