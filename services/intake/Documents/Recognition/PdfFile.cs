namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>A PDF begins with its version and ends with the way to its cross-reference table; a file cut off has no end.</summary>
internal static class PdfFile
{
    private const int TailSize = 2048;

    public static bool LooksLike(ReadOnlySpan<byte> head) => head.StartsWith("%PDF-"u8) || head.StartsWith("\uFEFF%PDF-"u8);

    public static Recognised Check(Stream file)
    {
        var tail = new byte[Math.Min(file.Length, TailSize)];
        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        var end = tail.AsSpan().LastIndexOf("%%EOF"u8);
        var start = end < 0 ? -1 : tail.AsSpan(0, end).LastIndexOf("startxref"u8);
        if (start < 0 || !TryOffset(tail.AsSpan(start + "startxref"u8.Length, end - start - "startxref"u8.Length), out var offset) || offset >= file.Length)
        {
            return new Recognised.Damaged(FileKind.Pdf, "La fin du document manque.");
        }

        return PointsAtTable(file, offset) ? new Recognised.Accepted(FileKind.Pdf) : new Recognised.Damaged(FileKind.Pdf, "La table du document est illisible.");
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out long offset) =>
        System.Buffers.Text.Utf8Parser.TryParse(text.Trim(" \t\r\n\0"u8), out offset, out var used) && used == text.Trim(" \t\r\n\0"u8).Length && offset >= 0;

    /// <summary>There stands the word <c>xref</c>, or an object (<c>12 0 obj</c>) that holds the table. Writers are sometimes off by a few white spaces.</summary>
    private static bool PointsAtTable(Stream file, long offset)
    {
        var buffer = new byte[Math.Min(64, file.Length - offset)];
        file.Position = offset;
        file.ReadExactly(buffer);
        var text = buffer.AsSpan().TrimStart(" \t\r\n\0"u8);
        return text.StartsWith("xref"u8) || text.Length > 0 && char.IsAsciiDigit((char)text[0]) && text.IndexOf(" obj"u8) > 0;
    }
}
