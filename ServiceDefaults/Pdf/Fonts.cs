using Microsoft.Extensions.Configuration;
using PdfSharp.Drawing;
using PdfSharp.Fonts;
using PdfSharp.Pdf;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <summary>
/// The DejaVu fonts of Debian's <c>fonts-dejavu-core</c>, embedded into every opinion and letter, so that it looks the same wherever it is read.
/// </summary>
public sealed class Fonts
{
    private const string Family = "DejaVu Sans";
    private const string RegularFace = "DejaVuSans";
    private const string BoldFace = "DejaVuSans-Bold";

    // Unicode always: the library would otherwise embed the same font a second time for lines of plain Latin letters.
    private static readonly XPdfFontOptions Embedded = new(PdfFontEncoding.Unicode, PdfFontEmbedding.TryComputeSubset);
    private static readonly Lock Registration = new();

    /// <param name="configuration"><c>Fonts:Directory</c> says where the fonts are when not at Debian's place.</param>
    /// <exception cref="InvalidOperationException">A font is missing: without it nothing could be set, so the service does not start.</exception>
    public Fonts(IConfiguration configuration)
    {
        var directory = configuration["Fonts:Directory"] ?? "/usr/share/fonts/truetype/dejavu";
        var faces = new Faces(new Dictionary<string, byte[]> { [RegularFace] = Load(directory, RegularFace), [BoldFace] = Load(directory, BoldFace) });
        lock (Registration)
        {
            // The library keeps its fonts for the whole process.
            GlobalFontSettings.FontResolver ??= faces;
        }
    }

    /// <param name="size">In points.</param>
    /// <param name="color">Of the letters.</param>
    public Style Plain(double size, Color color) => new(new XFont(Family, size, XFontStyleEx.Regular, Embedded), size, color);

    /// <param name="size">In points.</param>
    /// <param name="color">Of the letters.</param>
    public Style Strong(double size, Color color) => new(new XFont(Family, size, XFontStyleEx.Bold, Embedded), size, color);

    private static byte[] Load(string directory, string name)
    {
        var path = Path.Combine(directory, name + ".ttf");
        return File.Exists(path)
            ? File.ReadAllBytes(path)
            : throw new InvalidOperationException(
                $"The font {path} is missing: install Debian's package fonts-dejavu-core, or set Fonts:Directory to a folder that holds {name}.ttf.");
    }

    private sealed class Faces(IReadOnlyDictionary<string, byte[]> files) : IFontResolver
    {
        public FontResolverInfo? ResolveTypeface(string familyName, bool isBold, bool isItalic) =>
            familyName == Family ? new FontResolverInfo(isBold ? BoldFace : RegularFace) : null;

        public byte[]? GetFont(string faceName) => files.GetValueOrDefault(faceName);
    }
}
