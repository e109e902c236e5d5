using Microsoft.Extensions.Configuration;

namespace SecondOpinion.Pdf;

/// <summary>The DejaVu fonts of Debian's <c>fonts-dejavu-core</c>, embedded into every opinion and letter, so that it looks the same wherever it is read.</summary>
internal sealed class Fonts
{
    /// <param name="configuration"><c>Fonts:Directory</c> says where the fonts are when not at Debian's place.</param>
    /// <exception cref="InvalidOperationException">A font is missing: without it nothing could be set, so the service does not start.</exception>
    public Fonts(IConfiguration configuration)
    {
        var directory = configuration["Fonts:Directory"] ?? "/usr/share/fonts/truetype/dejavu";
        Regular = Load(directory, "DejaVuSans");
        Bold = Load(directory, "DejaVuSans-Bold");
    }

    public TrueTypeFont Regular { get; }

    public TrueTypeFont Bold { get; }

    private static TrueTypeFont Load(string directory, string name)
    {
        var path = Path.Combine(directory, name + ".ttf");
        return File.Exists(path)
            ? new TrueTypeFont(name, File.ReadAllBytes(path))
            : throw new InvalidOperationException(
                $"The font {path} is missing: install Debian's package fonts-dejavu-core, or set Fonts:Directory to a folder that holds {name}.ttf.");
    }
}
