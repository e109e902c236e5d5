using PdfSharp.Fonts;

namespace SecondOpinion.Physician.Writing;

/// <summary>The DejaVu fonts of Debian's <c>fonts-dejavu-core</c>, embedded into every opinion, so that it looks the same wherever it is read.</summary>
internal sealed class PdfFonts : IFontResolver
{
    public const string Sans = "DejaVu Sans";
    private const string Regular = "DejaVuSans";
    private const string Bold = "DejaVuSans-Bold";

    private readonly Dictionary<string, byte[]> _faces;

    private PdfFonts(string directory) => _faces = new[] { Regular, Bold }.ToDictionary(face => face, face => Load(directory, face));

    /// <param name="configuration"><c>Fonts:Directory</c> says where the fonts are when not at Debian's place.</param>
    /// <exception cref="InvalidOperationException">A font is missing: without it no opinion could be signed, so the service does not start.</exception>
    public static void Install(IConfiguration configuration) =>
        // One resolver for the process: PDFsharp keeps what it resolved and refuses another one later.
        GlobalFontSettings.FontResolver ??= new PdfFonts(configuration["Fonts:Directory"] ?? "/usr/share/fonts/truetype/dejavu");

    public FontResolverInfo? ResolveTypeface(string familyName, bool bold, bool italic) =>
        familyName == Sans ? new FontResolverInfo(bold ? Bold : Regular) : null;

    public byte[]? GetFont(string faceName) => _faces.GetValueOrDefault(faceName);

    private static byte[] Load(string directory, string face)
    {
        var path = Path.Combine(directory, face + ".ttf");
        return File.Exists(path)
            ? File.ReadAllBytes(path)
            : throw new InvalidOperationException(
                $"The font {path} is missing: install Debian's package fonts-dejavu-core, or set Fonts:Directory to a folder that holds {face}.ttf.");
    }
}
