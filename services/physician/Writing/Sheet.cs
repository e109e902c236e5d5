using PdfSharp.Drawing;
using PdfSharp.Pdf;

namespace SecondOpinion.Physician.Writing;

/// <summary>Sets text on A4 pages from top to bottom: words are wrapped, blocks flow to the next page, lengths are in points (1/72 inch).</summary>
internal sealed class Sheet : IDisposable
{
    public const double Left = 57;
    public const double Right = 538;
    public const double Width = Right - Left;
    private const double Top = 60;
    private const double Bottom = 772;

    public static readonly XColor Ink = XColor.FromArgb(33, 37, 41);
    public static readonly XColor Accent = XColor.FromArgb(15, 76, 92);
    public static readonly XColor Quiet = XColor.FromArgb(90, 98, 104);
    public static readonly XColor Tint = XColor.FromArgb(236, 243, 245);

    private readonly PdfDocument _document;
    private XGraphics _graphics;

    public Sheet(PdfDocument document)
    {
        _document = document;
        _graphics = NewPage();
    }

    /// <summary>Where the next line goes.</summary>
    public double Y { get; set; } = Top;

    public XGraphics Graphics => _graphics;

    public static XFont Font(double size, bool bold = false) => new(PdfFonts.Sans, size, bold ? XFontStyleEx.Bold : XFontStyleEx.Regular);

    /// <summary>Begins a page when less than this height is left.</summary>
    public void Need(double height)
    {
        if (Y + height > Bottom)
        {
            _graphics.Dispose();
            _graphics = NewPage();
            Y = Top;
        }
    }

    public void Space(double height) => Y += height;

    public void Heading(string text)
    {
        // Never alone at the foot of a page.
        Need(70);
        Space(16);
        var font = Font(12.5, bold: true);
        _graphics.DrawString(text, font, new XSolidBrush(Accent), Left, Y + font.Height * 0.8);
        Y += font.Height + 3;
        _graphics.DrawLine(new XPen(Accent, 0.8), Left, Y, Right, Y);
        Space(8);
    }

    /// <summary>A paragraph, broken at spaces and at its own line feeds; no-break spaces hold.</summary>
    /// <param name="text">What to set.</param>
    /// <param name="font">In this font.</param>
    /// <param name="color">Ink unless given.</param>
    /// <param name="left">Where lines begin.</param>
    /// <param name="width">Where they end.</param>
    /// <param name="keep">Lines that must not be parted at the beginning.</param>
    public void Paragraph(string text, XFont font, XColor? color = null, double left = Left, double? width = null, int keep = 2)
    {
        var brush = new XSolidBrush(color ?? Ink);
        var height = LineHeight(font);
        var lines = Wrap(text, font, width ?? Right - left);
        Need(height * Math.Min(keep, lines.Count));
        foreach (var (index, line) in lines.Index())
        {
            // Two last lines stay together: a single one on the next page is lost to the reader.
            Need(lines.Count > 3 && index == lines.Count - 2 ? height * 2 : height);
            _graphics.DrawString(line, font, brush, left, Y + font.Height * 0.8);
            Y += height;
        }
    }

    /// <summary>A mark in the margin of an indented paragraph: a number, a bullet.</summary>
    public void Item(string mark, string text, XFont font, double indent = 20, bool boldMark = true)
    {
        Need(LineHeight(font) * 2);
        var markFont = boldMark ? Font(font.Size, bold: true) : font;
        _graphics.DrawString(mark, markFont, new XSolidBrush(Accent), Left, Y + font.Height * 0.8);
        Paragraph(text, font, left: Left + indent);
    }

    public double HeightOf(string text, XFont font, double width) => Wrap(text, font, width).Count * LineHeight(font);

    public static double LineHeight(XFont font) => font.Height * 1.18;

    public IReadOnlyList<string> Wrap(string text, XFont font, double width)
    {
        var lines = new List<string>();
        foreach (var piece in text.Replace("\r", "").Replace('\t', ' ').Split('\n'))
        {
            var line = "";
            foreach (var word in piece.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(w => Cut(w, font, width)))
            {
                var longer = line.Length == 0 ? word : $"{line} {word}";
                if (line.Length > 0 && _graphics.MeasureString(longer, font).Width > width)
                {
                    lines.Add(line);
                    line = word;
                }
                else
                {
                    line = longer;
                }
            }

            lines.Add(line);
        }

        return lines;
    }

    /// <summary>Draws on every page once their number is known.</summary>
    public void OnEachPage(Action<XGraphics, int, int> draw)
    {
        _graphics.Dispose();
        for (var i = 0; i < _document.PageCount; i++)
        {
            using var graphics = XGraphics.FromPdfPage(_document.Pages[i], XGraphicsPdfPageOptions.Append);
            draw(graphics, i + 1, _document.PageCount);
        }
    }

    public void Dispose() => _graphics.Dispose();

    /// <summary>A word wider than the line (a long address) is cut rather than run off the page.</summary>
    private IEnumerable<string> Cut(string word, XFont font, double width)
    {
        while (word.Length > 1 && _graphics.MeasureString(word, font).Width > width)
        {
            var fits = word.Length - 1;
            while (fits > 1 && _graphics.MeasureString(word[..fits], font).Width > width)
            {
                fits--;
            }

            yield return word[..fits];
            word = word[fits..];
        }

        yield return word;
    }

    private XGraphics NewPage()
    {
        var page = _document.AddPage();
        page.Size = PdfSharp.PageSize.A4;
        return XGraphics.FromPdfPage(page);
    }
}
