using System.Text;
using System.Xml;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// Letters and reports as text: plain text, CDA (the health record's XML), word processors' files. What could do something when opened is refused.
/// </summary>
internal static class WrittenFile
{
    private const int MostText = 20 << 20;
    private const long MostLetters = 50_000_000;
    private const string Relations = "word/_rels/settings.xml.rels";

    /// <summary>No byte that no text has.</summary>
    public static bool LooksLikeText(ReadOnlySpan<byte> head) =>
        head.IndexOfAnyInRange((byte)0, (byte)8) < 0 && head.IndexOfAnyInRange((byte)14, (byte)31) < 0 && head.IndexOf((byte)127) < 0;

    public static Recognised Check(Stream file)
    {
        if (file.Length > MostText)
        {
            return new Recognised.Unknown();
        }

        var bytes = new byte[file.Length];
        file.Position = 0;
        file.ReadExactly(bytes);
        if (!LooksLikeText(bytes))
        {
            return new Recognised.Unknown();
        }

        var start = bytes.AsSpan().TrimStart(Encoding.UTF8.Preamble).TrimStart(" \t\r\n"u8);
        return start.StartsWith("<"u8) ? Xml(bytes) : new Recognised.Accepted(FileKind.Text);
    }

    /// <summary>A word processor's file, by what its archive holds; null when it is none.</summary>
    public static Recognised? Office(Stream file, IReadOnlyList<ZipEntry> entries)
    {
        var names = entries.Select(e => e.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var kind = names.Contains("[Content_Types].xml") && names.Contains("word/document.xml") ? FileKind.Docx
            : entries is [{ Name: "mimetype" } first, ..] && Content(file, first) == FileKind.Odt ? FileKind.Odt
            : null;
        if (kind is null)
        {
            return null;
        }

        if (names.Any(n => n.EndsWith("vbaProject.bin", StringComparison.OrdinalIgnoreCase) || n.StartsWith("Basic/", StringComparison.Ordinal)
            || n.StartsWith("Scripts/", StringComparison.Ordinal)))
        {
            return new Recognised.Unsafe("macro", "Le document contient un programme (macro). Enregistrez-le en PDF.");
        }

        foreach (var entry in entries.Where(e => !e.IsFolder))
        {
            using var packed = new EntryStream(file, entry);
            using var plain = packed.Unfold();
            plain.Drain();
            if (plain.Crc != entry.Crc || plain.Produced != entry.Size)
            {
                return new Recognised.Damaged(kind, "Le document est abîmé.");
            }
        }

        return entries.FirstOrDefault(e => e.Name == Relations) is { } relations
                && Content(file, relations).Contains("TargetMode=\"External\"", StringComparison.OrdinalIgnoreCase)
            ? new Recognised.Unsafe("external_template", "Le document va chercher un modèle ailleurs quand on l'ouvre. Enregistrez-le en PDF.")
            : new Recognised.Accepted(kind);
    }

    private static Recognised Xml(byte[] bytes)
    {
        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MostLetters };
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(bytes), settings);
            reader.MoveToContent();
            var isCda = reader is { LocalName: "ClinicalDocument", NamespaceURI: "urn:hl7-org:v3" };
            while (isCda && reader.Read())
            {
                // To the end: a document that was cut off is damaged.
            }

            return isCda ? new Recognised.Accepted(FileKind.Cda) : new Recognised.Unknown();
        }
        catch (XmlException)
        {
            return bytes.AsSpan().IndexOf("<!DOCTYPE"u8) >= 0
                ? new Recognised.Unsafe("xml_dtd", "Le document XML contient une définition (DOCTYPE), que les comptes rendus n'ont pas.")
                : bytes.AsSpan().IndexOf("ClinicalDocument"u8) >= 0 ? new Recognised.Damaged(FileKind.Cda, "Le document est coupé ou abîmé.")
                : new Recognised.Unknown();
        }
    }

    private static string Content(Stream file, ZipEntry entry)
    {
        using var packed = new EntryStream(file, entry);
        using var plain = packed.Unfold();
        var bytes = new byte[64 * 1024];
        return Encoding.UTF8.GetString(bytes, 0, plain.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
    }
}
