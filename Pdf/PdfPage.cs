using System.Globalization;
using System.Text;

namespace SecondOpinion.Pdf;

/// <param name="Red">0 to 255, like the others.</param>
internal readonly record struct Color(byte Red, byte Green, byte Blue)
{
    public static readonly Color White = new(255, 255, 255);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Red / 255.0:0.###} {Green / 255.0:0.###} {Blue / 255.0:0.###}");
}

/// <summary>One A4 page's drawing. Lengths are points, measured from the top left corner as people do; PDF itself counts from the bottom.</summary>
internal sealed class PdfPage(PdfFile file, int index)
{
    public const double Width = 595.28;
    public const double Height = 841.89;

    private readonly StringBuilder _content = new();
    private int _marks;

    public int Index { get; } = index;

    internal string Content => _content.ToString();

    /// <summary>The element that each mark of this page belongs to, in order.</summary>
    internal List<PdfElement> Marks { get; } = [];

    /// <summary>What is drawn inside belongs to this element of the document, for people who have it read aloud.</summary>
    public void Within(PdfElement element, Action draw)
    {
        var mark = _marks++;
        element.Parts.Add((Index, mark));
        Marks.Add(element);
        Add($"/{element.Type} <</MCID {mark}>> BDC");
        draw();
        Add("EMC");
    }

    /// <summary>What is drawn inside is decoration or repeats on every page: not read aloud.</summary>
    public void Aside(Action draw)
    {
        Add("/Artifact BMC");
        draw();
        Add("EMC");
    }

    /// <param name="text">One line.</param>
    /// <param name="style">Font, size and color.</param>
    /// <param name="x">Where it begins.</param>
    /// <param name="baseline">Distance of the baseline from the top of the page.</param>
    public void Text(string text, Style style, double x, double baseline)
    {
        var glyphs = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            glyphs.Append(CultureInfo.InvariantCulture, $"{file.Use(style.Font, rune):X4}");
        }

        Add($"BT {style.Color} rg /{file.NameOf(style.Font)} {N(style.Size)} Tf 1 0 0 1 {N(x)} {N(Height - baseline)} Tm <{glyphs}> Tj ET");
    }

    public void Fill(Color color, double x, double y, double width, double height) =>
        Add($"{color} rg {N(x)} {N(Height - y - height)} {N(width)} {N(height)} re f");

    public void Line(Color color, double thickness, double x1, double x2, double y) =>
        Add($"{color} RG {N(thickness)} w {N(x1)} {N(Height - y)} m {N(x2)} {N(Height - y)} l S");

    /// <summary>An empty box with round corners.</summary>
    public void Box(Color color, double thickness, double x, double y, double width, double height, double radius)
    {
        // A quarter circle is very nearly a Bézier curve whose handles are 0.5523 of the radius.
        var k = radius * (1 - 0.5523);
        var (left, right, top, bottom) = (x, x + width, Height - y, Height - y - height);
        Add($"{color} RG {N(thickness)} w {N(left + radius)} {N(top)} m {N(right - radius)} {N(top)} l "
            + $"{N(right - k)} {N(top)} {N(right)} {N(top - k)} {N(right)} {N(top - radius)} c {N(right)} {N(bottom + radius)} l "
            + $"{N(right)} {N(bottom + k)} {N(right - k)} {N(bottom)} {N(right - radius)} {N(bottom)} c {N(left + radius)} {N(bottom)} l "
            + $"{N(left + k)} {N(bottom)} {N(left)} {N(bottom + k)} {N(left)} {N(bottom + radius)} c {N(left)} {N(top - radius)} l "
            + $"{N(left)} {N(top - k)} {N(left + k)} {N(top)} {N(left + radius)} {N(top)} c h S");
    }

    private static string N(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    private void Add(string operation) => _content.Append(operation).Append('\n');
}

/// <param name="Size">In points.</param>
internal sealed record Style(TrueTypeFont Font, double Size, Color Color)
{
    /// <summary>Distance between baselines: airy, for tired eyes.</summary>
    public double LineHeight => Size * 1.38;

    /// <summary>From the top of the line to its baseline.</summary>
    public double Rise => Size * 1.02;
}

/// <summary>An element of the document's structure: a heading, a paragraph.</summary>
/// <param name="type">Of ISO 32000: <c>H1</c>, <c>H2</c>, <c>P</c>.</param>
internal sealed class PdfElement(string type)
{
    public string Type { get; } = type;

    /// <summary>Page and mark of each piece: a paragraph may go on on the next page.</summary>
    public List<(int Page, int Mark)> Parts { get; } = [];
}
