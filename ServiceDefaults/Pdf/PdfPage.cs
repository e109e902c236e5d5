using PdfSharp.Drawing;
using PdfSharp.UniversalAccessibility;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <param name="Red">0 to 255, like the others.</param>
public readonly record struct Color(byte Red, byte Green, byte Blue)
{
    internal XColor Ink => XColor.FromArgb(Red, Green, Blue);
}

/// <summary>One A4 page's drawing. Lengths are points, measured from the top left corner.</summary>
public sealed class PdfPage : IDisposable
{
    public const double Width = 595.28;
    public const double Height = 841.89;

    private readonly StructureBuilder _structure;
    private readonly XGraphics _drawing;

    internal PdfPage(PdfSharp.Pdf.PdfPage page, StructureBuilder structure)
    {
        page.Width = XUnit.FromPoint(Width);
        page.Height = XUnit.FromPoint(Height);
        // Readers that step from field to field follow the structure.
        page.Elements.SetName("/Tabs", "/S");
        _structure = structure;
        _drawing = XGraphics.FromPdfPage(page);
    }

    public void Dispose() => _drawing.Dispose();

    /// <summary>What is drawn inside is decoration or repeats on every page: not read aloud.</summary>
    public void Aside(Action draw)
    {
        _structure.BeginArtifact();
        draw();
        _structure.End();
    }

    /// <param name="text">One line.</param>
    /// <param name="style">Font, size and color.</param>
    /// <param name="x">Where it begins.</param>
    /// <param name="baseline">Distance of the baseline from the top of the page.</param>
    public void Text(string text, Style style, double x, double baseline)
    {
        var line = Printable.Of(text, style.Font);
        var drawn = Printable.AsDrawn(line);
        if (drawn == line)
        {
            Draw(line);
            return;
        }

        // Drawn turned round, read aloud and copied as written.
        _structure.BeginElement(PdfInlineLevelElementTag.Span);
        _structure.CurrentStructureElement.Elements.SetString("/ActualText", line);
        Draw(drawn);
        _structure.End();

        void Draw(string signs)
        {
            if (signs.Length > 0)
            {
                _drawing.DrawString(signs, style.Font, new XSolidBrush(style.Color.Ink), x, baseline);
            }
        }
    }

    public void Fill(Color color, double x, double y, double width, double height) => _drawing.DrawRectangle(new XSolidBrush(color.Ink), x, y, width, height);

    public void Line(Color color, double thickness, double x1, double x2, double y) => _drawing.DrawLine(new XPen(color.Ink, thickness), x1, y, x2, y);

    /// <summary>An empty box with round corners.</summary>
    public void Box(Color color, double thickness, double x, double y, double width, double height, double radius) =>
        _drawing.DrawRoundedRectangle(new XPen(color.Ink, thickness), x, y, width, height, 2 * radius, 2 * radius);
}

/// <summary>How text looks.</summary>
public sealed class Style
{
    private static readonly XGraphics Ruler =
        XGraphics.CreateMeasureContext(new XSize(PdfPage.Width, PdfPage.Height), XGraphicsUnit.Point, XPageDirection.Downwards);

    internal Style(XFont font, double size, Color color) => (Font, Size, Color) = (font, size, color);

    /// <summary>In points.</summary>
    public double Size { get; }

    public Color Color { get; }

    /// <summary>Distance between baselines: airy, for tired eyes.</summary>
    public double LineHeight => Size * 1.38;

    /// <summary>From the top of the line to its baseline.</summary>
    public double Rise => Size * 1.02;

    internal XFont Font { get; }

    /// <summary>Width of a text in points.</summary>
    public double Measure(string text) => Ruler.MeasureString(text, Font).Width;
}
