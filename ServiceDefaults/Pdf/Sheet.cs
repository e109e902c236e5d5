using PdfSharp.UniversalAccessibility;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <summary>Sets text on A4 pages from top to bottom: words are wrapped, blocks flow to the next page, lengths are in points (1/72 inch).</summary>
public sealed class Sheet
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
    private readonly Action<PdfPage>? _foot;

    internal Sheet(PdfFile file, Fonts fonts, Action<PdfPage>? foot)
    {
        _file = file;
        _fonts = fonts;
        _foot = foot;
        AddPage();
    }

    public PdfPage Page { get; private set; } = null!;

    /// <summary>Top of the next line.</summary>
    public double Y { get; set; } = Top;

    public Style Plain(double size, Color? color = null) => _fonts.Plain(size, color ?? Ink);

    public Style Strong(double size, Color? color = null) => _fonts.Strong(size, color ?? Ink);

    /// <summary>Begins a page when less than this height is left.</summary>
    public void Need(double height)
    {
        if (Y + height > Bottom)
        {
            AddPage();
        }
    }

    public void Space(double height) => Y += height;

    public void Title(string text)
    {
        var style = Strong(21, Accent);
        Within(PdfBlockLevelElementTag.Heading1, () => Page.Text(text, style, Left, Y + style.Rise));
        Y += style.LineHeight;
    }

    public void Heading(string text)
    {
        // Never alone at the foot of a page.
        Need(80);
        Space(14);
        var style = Strong(12.5, Accent);
        Within(PdfBlockLevelElementTag.Heading2, () => Page.Text(text, style, Left, Y + style.Rise));
        Y += style.LineHeight;
        Page.Aside(() => Page.Line(Accent, 0.8, Left, Right, Y));
        Space(7);
    }

    /// <summary>A numbered question under a heading: a heading of its own in the structure, so that a reader can jump to it.</summary>
    /// <param name="mark">Its number.</param>
    /// <param name="text">What to set.</param>
    /// <param name="style">How.</param>
    /// <param name="left">Where its lines begin; the number stands at the left margin.</param>
    public void Question(string mark, string text, Style style, double left) => Within(PdfBlockLevelElementTag.Heading3, () =>
    {
        Mark(mark + " ", style);
        Lines(text, style, left, Right - left);
    });

    /// <summary>A paragraph, broken at spaces and at its own line feeds; no-break spaces hold.</summary>
    /// <param name="text">What to set.</param>
    /// <param name="style">How.</param>
    /// <param name="left">Where lines begin.</param>
    /// <param name="width">To the right margin unless given.</param>
    public void Paragraph(string text, Style style, double left = Left, double? width = null) =>
        Within(PdfBlockLevelElementTag.Paragraph, () => Lines(text, style, left, width ?? Right - left));

    /// <summary>Items one below the other, each with its mark at the left margin.</summary>
    /// <param name="items">Mark (a number, a bullet) and text of each.</param>
    /// <param name="style">How.</param>
    /// <param name="left">Where the texts begin.</param>
    /// <param name="space">Below each item.</param>
    public void List(IEnumerable<(string Mark, string Text)> items, Style style, double left, double space) => Within(PdfBlockLevelElementTag.List, () =>
    {
        foreach (var (mark, text) in items)
        {
            Within(PdfBlockLevelElementTag.ListItem, () =>
            {
                // Two lines together, as in Lines: the mark goes where the text begins.
                Need(style.LineHeight * Math.Min(2, Wrap(text, style, Right - left).Count));
                Within(PdfBlockLevelElementTag.Label, () => Mark(mark, style));
                Within(PdfBlockLevelElementTag.ListBody, () => Lines(text, style, left, Right - left));
            });
            Space(space);
        }
    });

    /// <summary>Label and value side by side, as one paragraph of the structure; the value may take several lines.</summary>
    public void Pair(string label, string value, Style labelStyle, Style valueStyle, double left, double valueLeft, double valueWidth) =>
        Within(PdfBlockLevelElementTag.Paragraph, () =>
        {
            Page.Text(label + " ", labelStyle, left, Y + labelStyle.Rise);
            foreach (var line in Wrap(value, valueStyle, valueWidth))
            {
                Page.Text(line, valueStyle, valueLeft, Y + valueStyle.Rise);
                Y += valueStyle.LineHeight;
            }
        });

    /// <summary>Short texts side by side on one line, as one paragraph of the structure: a row of figures.</summary>
    /// <param name="cells">Each with its left edge; one that ends at its edge is set to the left of it.</param>
    /// <param name="style">How.</param>
    public void Row(IReadOnlyList<(string Text, double Edge, bool EndsThere)> cells, Style style)
    {
        Need(style.LineHeight);
        Within(PdfBlockLevelElementTag.Paragraph, () =>
        {
            foreach (var (text, edge, endsThere) in cells)
            {
                Page.Text(text + " ", style, endsThere ? edge - style.Measure(text) : edge, Y + style.Rise);
            }
        });
        Y += style.LineHeight;
    }

    /// <summary>
    /// A table. Its structure has rows and heads of columns and rows, so that a reader program says which row and year a figure belongs to. A row stays whole;
    /// the heads are drawn again on the next page, and said once.
    /// </summary>
    /// <param name="edges">Where each column begins; the last one ends at the right margin.</param>
    /// <param name="heads">Of the columns.</param>
    /// <param name="rows">The first cell of each is its head.</param>
    /// <param name="head">How heads look.</param>
    /// <param name="cell">How cells look.</param>
    public void Table(IReadOnlyList<double> edges, IReadOnlyList<string> heads, IReadOnlyList<IReadOnlyList<string>> rows, Style head, Style cell) =>
        Within(PdfBlockLevelElementTag.Table, () =>
        {
            List<List<string>> Wrapped(IReadOnlyList<string> texts, Style style) =>
                [.. texts.Select((text, i) => Wrap(text, style, (i + 1 < edges.Count ? edges[i + 1] : Right) - edges[i] - 6))];
            var top = Wrapped(heads, head);
            // Never a head without a row below it.
            Need(HeightOf(top, head) + (rows.Count > 0 ? HeightOf(Wrapped(rows[0], cell), cell) : 0));
            Cells(top, edges, head, _ => "/Column");
            foreach (var row in rows.Select(row => Wrapped(row, cell)))
            {
                if (Y + HeightOf(row, cell) > Bottom)
                {
                    AddPage();
                    Page.Aside(() => Draw(top, edges, head));
                    Y += HeightOf(top, head);
                }

                Cells(row, edges, cell, column => column == 0 ? "/Row" : null);
            }
        });

    /// <summary>A label over a value in a box.</summary>
    public void Cell(string label, string value, double x, double width, double height)
    {
        Page.Aside(() => Page.Box(Accent, 0.8, x, Y, width, height, 6));
        Within(PdfBlockLevelElementTag.Paragraph, () =>
        {
            Page.Text(label + " ", Plain(8, Quiet), x + 10, Y + 16);
            Page.Text(value, Strong(12, Accent), x + 10, Y + 34);
        });
    }

    public double HeightOf(string text, Style style, double width) => Wrap(text, style, width).Count * style.LineHeight;

    /// <summary>Lines of at most this width. A line broken at a space keeps it: who has the paragraph read aloud hears two words and not one.</summary>
    public static List<string> Wrap(string text, Style style, double width)
    {
        var lines = new List<string>();
        foreach (var piece in Printable.Of(text, style.Font).Split('\n'))
        {
            var line = "";
            foreach (var word in piece.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                foreach (var (index, part) in Cut(word, style, width).Index())
                {
                    var space = index == 0 && line.Length > 0 ? " " : "";
                    if (line.Length > 0 && style.Measure(line + space + part) > width)
                    {
                        lines.Add(line + space);
                        line = part;
                    }
                    else
                    {
                        line += space + part;
                    }
                }
            }

            lines.Add(line);
        }

        return lines;
    }

    private void AddPage()
    {
        Page = _file.AddPage();
        Y = Top;
        if (_foot is not null)
        {
            Page.Aside(() => _foot(Page));
        }
    }

    private void Within(PdfBlockLevelElementTag tag, Action draw)
    {
        _file.Structure.BeginElement(tag);
        draw();
        _file.Structure.End();
    }

    private static double HeightOf(List<List<string>> cells, Style style) => cells.Max(lines => lines.Count) * style.LineHeight + 5;

    /// <param name="scope">What a cell is the head of: <c>/Column</c>, <c>/Row</c>, or null for no head.</param>
    private void Cells(List<List<string>> cells, IReadOnlyList<double> edges, Style style, Func<int, string?> scope)
    {
        Within(PdfBlockLevelElementTag.TableRow, () =>
        {
            foreach (var (column, lines) in cells.Index())
            {
                Within(scope(column) is null ? PdfBlockLevelElementTag.TableDataCell : PdfBlockLevelElementTag.TableHeaderCell, () =>
                {
                    if (scope(column) is { } headed)
                    {
                        var attributes = new PdfSharp.Pdf.PdfDictionary();
                        attributes.Elements.SetName("/O", "/Table");
                        attributes.Elements.SetName("/Scope", headed);
                        _file.Structure.CurrentStructureElement.Elements["/A"] = attributes;
                    }

                    Draw([lines], [edges[column]], style);
                });
            }
        });
        Y += HeightOf(cells, style);
        Page.Aside(() => Page.Line(Quiet, 0.3, Left, Right, Y - 3));
    }

    private void Draw(List<List<string>> cells, IReadOnlyList<double> edges, Style style)
    {
        foreach (var (column, lines) in cells.Index())
        {
            foreach (var (i, line) in lines.Index())
            {
                Page.Text(line, style, edges[column], Y + i * style.LineHeight + style.Rise);
            }
        }
    }

    private void Mark(string mark, Style style) => Page.Text(mark, Strong(style.Size, Accent), Left, Y + style.Rise);

    private void Lines(string text, Style style, double left, double width)
    {
        var lines = Wrap(text, style, width);
        Need(style.LineHeight * Math.Min(2, lines.Count));
        for (var next = 0; next < lines.Count;)
        {
            var piece = FittingLines(lines, next, style.LineHeight);
            foreach (var line in lines.GetRange(next, piece))
            {
                Page.Text(line, style, left, Y + style.Rise);
                Y += style.LineHeight;
            }

            next += piece;
            if (next < lines.Count)
            {
                Need(Bottom);
            }
        }
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
            var wide = style.Measure(word.Substring(i, char.IsSurrogatePair(word, i) ? 2 : 1));
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
