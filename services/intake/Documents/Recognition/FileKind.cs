namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>What a file turned out to be.</summary>
internal abstract record Recognised
{
    /// <param name="ActiveContent">The file can do things when it is opened: it is only ever saved, never shown in place.</param>
    /// <param name="Dicom">What the header of an image says.</param>
    /// <param name="Disc">The images of a CD.</param>
    internal sealed record Accepted(string MediaType, bool ActiveContent = false, DicomFacts? Dicom = null, Disc? Disc = null) : Recognised;

    /// <summary>A picture by its first bytes: whether it is one, its points tell (<see cref="Pictures.PictureReader"/>).</summary>
    internal sealed record Picture(string MediaType) : Recognised;

    /// <summary>A document that would do something when it is opened, or an archive made to do harm.</summary>
    /// <param name="Code">What it would do; stable.</param>
    /// <param name="Sentence">For the person who sent it; French.</param>
    internal sealed record Unsafe(string Code, string Sentence) : Recognised;

    /// <summary>The right kind, but cut off or broken. <paramref name="Where"/> is for the person who must send it again.</summary>
    internal sealed record Damaged(string MediaType, string Where) : Recognised;

    /// <summary>A program or script, whatever its name says.</summary>
    internal sealed record Disguised(string Found) : Recognised;

    /// <summary>Whole, but it opens only with a password that nobody here has.</summary>
    internal sealed record Locked(string MediaType) : Recognised;

    /// <summary>A DICOMDIR: the table of contents of a CD, without the images.</summary>
    internal sealed record IndexOnly : Recognised;

    internal sealed record Unknown : Recognised;

    internal sealed record Empty : Recognised;
}

/// <summary>Tells the type of a file by its content alone; its name and declared type are never asked.</summary>
internal static class FileKind
{
    public const string Pdf = "application/pdf";
    public const string Dicom = "application/dicom";
    public const string Jpeg = "image/jpeg";
    public const string Png = "image/png";
    public const string Heic = "image/heic";
    public const string Tiff = "image/tiff";
    public const string Disc = "application/zip";
    public const string Text = "text/plain";
    public const string Cda = "text/xml";
    public const string Docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    public const string Odt = "application/vnd.oasis.opendocument.text";

    /// <summary>Brands of the High Efficiency Image File Format (ISO/IEC 23008-12), and of its AV1 kin.</summary>
    private static readonly string[] HeifBrands = ["heic", "heix", "heim", "heis", "hevc", "mif1", "msf1", "avif"];

    /// <param name="file">Seekable; read where needed only, so that a large image costs little.</param>
    public static Recognised Of(Stream file)
    {
        if (file.Length == 0)
        {
            return new Recognised.Empty();
        }

        var head = new byte[Math.Min(file.Length, 1024)];
        file.Position = 0;
        file.ReadExactly(head);
        // DICOM first: its 128 free bytes at the start are where a program hides (CVE-2019-11687).
        if (DicomFile.LooksLike(head))
        {
            return DicomFile.Preamble(head) is { } found ? new Recognised.Disguised(found) : DicomFile.Check(file);
        }

        return Program(head) is { } program ? new Recognised.Disguised(program)
            : PdfFile.LooksLike(head) ? PdfFile.Check(file)
            : JpegFile.LooksLike(head) ? new Recognised.Picture(Jpeg)
            : PngFile.LooksLike(head) ? new Recognised.Picture(Png)
            : IsTiff(head) ? new Recognised.Picture(Tiff)
            : IsHeif(head) ? new Recognised.Picture(Heic)
            : ZipIndex.LooksLike(head) ? Archive(file)
            : WrittenFile.LooksLikeText(head) ? WrittenFile.Check(file)
            : new Recognised.Unknown();
    }

    private static Recognised Archive(Stream file)
    {
        try
        {
            var entries = ZipIndex.Read(file);
            return WrittenFile.Office(file, entries) ?? ImageDisc.Check(file, entries);
        }
        catch (ZipIndex.HostileException hostile)
        {
            return hostile.Message == "password" ? new Recognised.Locked(Disc) : new Recognised.Unsafe(hostile.Message, hostile.Sentence);
        }
        catch (InvalidDataException broken)
        {
            return new Recognised.Damaged(Disc, broken.Message);
        }
        catch (EndOfStreamException)
        {
            return new Recognised.Damaged(Disc, "L'archive est coupée ou abîmée.");
        }
    }

    private static bool IsTiff(ReadOnlySpan<byte> head) => head.StartsWith("II*\0"u8) || head.StartsWith("MM\0*"u8) || head.StartsWith("II+\0"u8);

    private static bool IsHeif(ReadOnlySpan<byte> head) =>
        head.Length >= 12 && head.Slice(4, 4).SequenceEqual("ftyp"u8) && HeifBrands.Contains(System.Text.Encoding.Latin1.GetString(head.Slice(8, 4)));

    /// <summary>The kind of program that the first bytes announce, or null.</summary>
    internal static string? Program(ReadOnlySpan<byte> head) =>
        head.StartsWith("MZ"u8) ? "windows_executable"
        : head.StartsWith("\x7f"u8) && head[1..].StartsWith("ELF"u8) ? "elf_executable"
        : head.StartsWith("#!"u8) ? "script"
        : head.Length >= 4 && head[..4] is [0xCE or 0xCF, 0xFA, 0xED, 0xFE] or [0xFE, 0xED, 0xFA, 0xCE or 0xCF] or [0xCA, 0xFE, 0xBA, 0xBE] ? "macho_or_java"
        : head.StartsWith("<?php"u8) || Starts(head, "<script") || Starts(head, "<html") || Starts(head, "<!doctype") ? "markup"
        : null;

    private static bool Starts(ReadOnlySpan<byte> head, string text)
    {
        var trimmed = head.TrimStart(" \t\r\n"u8);
        return trimmed.Length >= text.Length && System.Text.Ascii.EqualsIgnoreCase(trimmed[..text.Length], text);
    }
}
