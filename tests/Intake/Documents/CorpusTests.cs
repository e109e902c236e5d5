using System.Globalization;
using System.Text;
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

    private static readonly Sample[] Samples =
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
        new("JPEG", "fill bytes between its segments", "accepted", () => [0xFF, 0xD8, 0xFF, 0xFF, 0xFF, .. Jpeg()[3..]]),
        new("JPEG", "a video of a megabyte after its end (motion photo)", "accepted", () => [.. Jpeg(), .. new byte[1_000_000]]),
        new("JPEG", "several scans (progressive) and restart marks", "accepted",
            () => [.. Jpeg()[..^2], 0xFF, 0xD0, 0x11, 0xFF, 0x00, 0x22, 0xFF, 0xDA, 0x00, 0x08, 1, 1, 0, 0, 0x3F, 0, 0x33, 0xFF, 0xD9]),
        new("JPEG", "a preview with its own end mark in its header, and cut off after it", "damaged",
            () => [0xFF, 0xD8, 0xFF, 0xE1, 0x00, 0x08, 0xFF, 0xD8, 0xFF, 0xD9, 0, 0, .. Jpeg()[2..^2]]),
        new("JPEG", "cut off", "damaged", () => Jpeg()[..^2]),
        new("PNG", "as written", "accepted", () => Png),
        new("PNG", "bytes after its end", "accepted", () => [.. Png, .. new byte[500]]),
        new("PNG", "cut off", "damaged", () => Png[..^13]),
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
        new("other", "an empty file", "empty", () => []),
        new("other", "a program, whatever its name", "disguised", () => [.. "MZ"u8, .. new byte[200]]),
        new("other", "a text", "unknown", () => "Compte rendu"u8.ToArray()),
    ];

    /// <summary>One row each: format, what is particular, verdict.</summary>
    public static IEnumerable<(string Format, string What, string Verdict)> Table => Samples.Select(s => (s.Format, s.What, s.Verdict));

    public static TheoryData<string> Names => [.. Samples.Select(s => $"{s.Format}: {s.What}")];

    private static byte[] Png => Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_gets_its_verdict(string name)
    {
        var sample = Samples.Single(s => $"{s.Format}: {s.What}" == name);
        var recognised = FileKind.Of(new MemoryStream(sample.Make()));
        (recognised switch
        {
            Recognised.Accepted accepted => accepted.MediaType.EndsWith(sample.Format, StringComparison.OrdinalIgnoreCase) ? "accepted" : accepted.MediaType,
            Recognised.Damaged => "damaged",
            Recognised.Locked => "password",
            Recognised.IndexOnly => "index of a CD",
            Recognised.Disguised => "disguised",
            Recognised.Empty => "empty",
            _ => "unknown",
        }).ShouldBe(sample.Verdict, recognised.ToString());
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

    private static byte[] Jpeg() =>
    [
        0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10, .. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0,
        0xFF, 0xC0, 0x00, 0x0B, 8, 0, 1, 0, 1, 1, 1, 0x11, 0,
        0xFF, 0xDA, 0x00, 0x08, 1, 1, 0, 0, 0x3F, 0, 0x12, 0x34, 0x56, 0xFF, 0xD9,
    ];

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
