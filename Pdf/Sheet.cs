namespace SecondOpinion.Pdf;

/// <summary>Sets text on A4 pages from top to bottom: words are wrapped, blocks flow to the next page, lengths are in points (1/72 inch).</summary>
internal sealed class Sheet
{
    public const double Left = 57;
    public const double Right = 538;
    public const double Width = Right - Left;
    private const double Top = 60;
    private const double Bottom = 782;

    public static readonly Color Ink = new(33, 37, 41);
    public static readonly Color Accent = new(15, 76, 92);
    public static readonly Color Quiet = new(80, 88, 94);
    public static readonly Color Tint = new(236, 243, 245);

    private readonly PdfFile _file;
    private readonly Fonts _fonts;

    public Sheet(PdfFile file, Fonts fonts)
    {
        _file = file;
        _fonts = fonts;
        Page = file.AddPage();
    }

    public PdfPage Page { get; private set; }

    /// <summary>Top of the next line.</summary>
    public double Y { get; set; } = Top;

    public Style Plain(double size, Color? color = null) => new(_fonts.Regular, size, color ?? Ink);

    public Style Strong(double size, Color? color = null) => new(_fonts.Bold, size, color ?? Ink);

    /// <summary>Begins a page when less than this height is left.</summary>
    public void Need(double height)
    {
        if (Y + height > Bottom)
        {
            Page = _file.AddPage();
            Y = Top;
        }
    }

    public void Space(double height) => Y += height;

    public void Title(string text)
    {
        var style = Strong(21, Accent);
        Page.Within(_file.AddElement("H1"), () => Page.Text(text, style, Left, Y + style.Rise));
        Y += style.LineHeight;
    }

    public void Heading(string text)
    {
        // Never alone at the foot of a page.
        Need(80);
        Space(14);
        var style = Strong(12.5, Accent);
        Page.Within(_file.AddElement("H2"), () => Page.Text(text, style, Left, Y + style.Rise));
        Y += style.LineHeight;
        Page.Aside(() => Page.Line(Accent, 0.8, Left, Right, Y));
        Space(7);
    }

    /// <summary>A paragraph, broken at spaces and at its own line feeds; no-break spaces hold.</summary>
    /// <param name="text">What to set.</param>
    /// <param name="style">How.</param>
    /// <param name="left">Where lines begin.</param>
    /// <param name="width">To the right margin unless given.</param>
    /// <param name="mark">A number or bullet at the left margin of the first line.</param>
    public void Paragraph(string text, Style style, double left = Left, double? width = null, string? mark = null)
    {
        var element = _file.AddElement("P");
        var lines = Wrap(text, style, width ?? Right - left);
        Need(style.LineHeight * Math.Min(2, lines.Count));
        for (var next = 0; next < lines.Count;)
        {
            var piece = FittingLines(lines, next, style.LineHeight);
            Page.Within(element, () =>
            {
                if (mark is not null && next == 0)
                {
                    Page.Text(mark, Strong(style.Size, Accent), Left, Y + style.Rise);
                }

                foreach (var line in lines.GetRange(next, piece))
                {
                    Page.Text(line, style, left, Y + style.Rise);
                    Y += style.LineHeight;
                }
            });
            next += piece;
            if (next < lines.Count)
            {
                Need(Bottom);
            }
        }
    }

    /// <summary>Label and value side by side, as one paragraph of the structure; the value may take several lines.</summary>
    public void Pair(string label, string value, Style labelStyle, Style valueStyle, double left, double valueLeft, double valueWidth) =>
        Page.Within(_file.AddElement("P"), () =>
        {
            Page.Text(label, labelStyle, left, Y + labelStyle.Rise);
            foreach (var line in Wrap(value, valueStyle, valueWidth))
            {
                Page.Text(line, valueStyle, valueLeft, Y + valueStyle.Rise);
                Y += valueStyle.LineHeight;
            }
        });

    /// <summary>A label over a value in a box.</summary>
    public void Cell(string label, string value, double x, double width, double height)
    {
        Page.Aside(() => Page.Box(Accent, 0.8, x, Y, width, height, 6));
        Page.Within(_file.AddElement("P"), () =>
        {
            Page.Text(label, Plain(8, Quiet), x + 10, Y + 16);
            Page.Text(value, Strong(12, Accent), x + 10, Y + 34);
        });
    }

    public double HeightOf(string text, Style style, double width) => Wrap(text, style, width).Count * style.LineHeight;

    public static List<string> Wrap(string text, Style style, double width)
    {
        var lines = new List<string>();
        foreach (var piece in text.Replace("\r", "").Replace('\t', ' ').Split('\n'))
        {
            var line = "";
            foreach (var word in piece.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(w => Cut(w, style, width)))
            {
                var longer = line.Length == 0 ? word : $"{line} {word}";
                if (line.Length > 0 && style.Font.Measure(longer, style.Size) > width)
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

    /// <summary>How many lines still go on this page; a single last one is not left alone for the next.</summary>
    private int FittingLines(List<string> lines, int next, double lineHeight)
    {
        var left = lines.Count - next;
        var room = Math.Max(1, (int)((Bottom - Y) / lineHeight));
        return room >= left ? left : left - room == 1 && room > 2 ? room - 1 : room;
    }

    /// <summary>A word wider than the line (a long address) is cut rather than run off the page.</summary>
    private static IEnumerable<string> Cut(string word, Style style, double width)
    {
        var start = 0;
        var used = 0.0;
        for (var i = 0; i < word.Length; i += char.IsSurrogatePair(word, i) ? 2 : 1)
        {
            var wide = style.Font.Measure(word.Substring(i, char.IsSurrogatePair(word, i) ? 2 : 1), style.Size);
            if (used + wide > width && i > start)
            {
                yield return word[start..i];
                (start, used) = (i, 0);
            }

            used += wide;
        }

        yield return word[start..];
    }
}
