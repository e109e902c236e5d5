using System.Globalization;
using System.Text.RegularExpressions;
using PdfSharp.Pdf.IO;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// A PDF as readers take it: its header somewhere in the first kilobyte (offsets are then shifted), its table named by the last <c>startxref</c> wherever that
/// stands. A wrong offset is rebuilt by readers; a file that was cut off has no end to start from.
/// </summary>
internal static partial class PdfFile
{
    private const int Window = 64 * 1024;

    /// <summary>Larger encrypted files are taken as they are: trying the empty password reads the whole file.</summary>
    private const long MostToOpen = 100L * 1000 * 1000;

    public static bool LooksLike(ReadOnlySpan<byte> head) => head.IndexOf("%PDF-"u8) >= 0;

    public static Recognised Check(Stream file)
    {
        var head = Read(file, 0, 4096);
        var shift = head.AsSpan().IndexOf("%PDF-"u8);
        if (Linearized().Match(System.Text.Encoding.Latin1.GetString(head)) is { Success: true } announced
            && long.TryParse(announced.Groups[1].Value, CultureInfo.InvariantCulture, out var length) && length > file.Length)
        {
            return Cut();
        }

        var start = LastIndexOf(file, "startxref"u8);
        if (start < 0 || !TryOffset(Read(file, start + 9, 64), out var offset))
        {
            return Cut();
        }

        var table = PointsAtTable(file, offset) ? offset : PointsAtTable(file, offset + shift) ? offset + shift : -1;
        var end = Read(file, Math.Max(0, start - Window), Window).AsSpan();
        if (table < 0 && (end.IndexOf("/Root"u8) < 0 || Read(file, start, 1024).AsSpan().IndexOf("%%EOF"u8) < 0))
        {
            return new Recognised.Damaged(FileKind.Pdf, "La table du document est illisible.");
        }

        var encrypted = end.IndexOf("/Encrypt"u8) >= 0 || (table >= 0 && Read(file, table, Window).AsSpan().IndexOf("/Encrypt"u8) >= 0);
        return encrypted && AsksForPassword(file) ? new Recognised.Locked(FileKind.Pdf) : new Recognised.Accepted(FileKind.Pdf, PdfActions.Any(file));
    }

    /// <summary>Many hospitals only forbid copying or printing: such a file opens without a password.</summary>
    private static bool AsksForPassword(Stream file)
    {
        if (file.Length > MostToOpen)
        {
            return false;
        }

        try
        {
            file.Position = 0;
            using var copy = new MemoryStream((int)file.Length);
            file.CopyTo(copy);
            copy.Position = 0;
            using var document = PdfReader.Open(copy, PdfDocumentOpenMode.Import);
            return false;
        }
        catch (PdfReaderException exception)
        {
            return exception.Message.Contains("password", StringComparison.OrdinalIgnoreCase);
        }
        catch (Exception exception) when (exception is InvalidOperationException or NotImplementedException or NotSupportedException or ArgumentException
            or IndexOutOfRangeException or FormatException or NullReferenceException or InvalidCastException)
        {
            // This reader cannot judge it; others may open it, and the original bytes are kept.
            return false;
        }
    }

    private static Recognised.Damaged Cut() => new(FileKind.Pdf, "La fin du document manque : le fichier a été coupé en chemin.");

    private static bool TryOffset(ReadOnlySpan<byte> text, out long offset)
    {
        text = text.TrimStart(" \t\r\n\0\f"u8);
        return System.Buffers.Text.Utf8Parser.TryParse(text, out offset, out var used) && used > 0 && offset >= 0;
    }

    /// <summary>
    /// There stands the word <c>xref</c>, or an object (<c>12 0 obj</c>) that holds the table. Writers are sometimes off by a few white spaces.
    /// </summary>
    private static bool PointsAtTable(Stream file, long offset)
    {
        if (offset >= file.Length)
        {
            return false;
        }

        var text = Read(file, offset, 64).AsSpan().TrimStart(" \t\r\n\0\f"u8);
        return text.StartsWith("xref"u8) || text.Length > 0 && char.IsAsciiDigit((char)text[0]) && text.IndexOf(" obj"u8) > 0;
    }

    /// <summary>From the end, block by block: anything may follow the end of a PDF.</summary>
    private static long LastIndexOf(Stream file, ReadOnlySpan<byte> word)
    {
        for (var to = file.Length; to > 0; to -= Window)
        {
            var from = Math.Max(0, to - Window);
            // The word may stand across two blocks.
            var found = Read(file, from, (int)(to - from) + word.Length - 1).AsSpan().LastIndexOf(word);
            if (found >= 0)
            {
                return from + found;
            }
        }

        return -1;
    }

    private static byte[] Read(Stream file, long from, int count)
    {
        var buffer = new byte[Math.Max(0, Math.Min(count, file.Length - from))];
        file.Position = Math.Min(from, file.Length);
        file.ReadExactly(buffer);
        return buffer;
    }

    [GeneratedRegex(@"/Linearized\b[^>]*?/L\s+(\d{1,15})\b")]
    private static partial Regex Linearized();
}
