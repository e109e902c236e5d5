using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.Pdf;

/// <summary>
/// Writes a PDF 1.7 file: A4 pages, embedded fonts, the text's Unicode (so that it can be searched and copied) and its structure (so that it can be read
/// aloud). Only what an opinion needs; the same drawing gives the same bytes. Why not a library: docs/decisions/0031.
/// </summary>
internal sealed class PdfFile(string title, string author, string subject, DateTimeOffset created)
{
    private readonly List<PdfPage> _pages = [];
    private readonly List<PdfElement> _elements = [];
    private readonly Dictionary<TrueTypeFont, SortedDictionary<ushort, Rune>> _fonts = [];

    public IReadOnlyList<PdfPage> Pages => _pages;

    public PdfPage AddPage()
    {
        var page = new PdfPage(this, _pages.Count);
        _pages.Add(page);
        return page;
    }

    /// <summary>The next element in reading order.</summary>
    public PdfElement AddElement(string type)
    {
        var element = new PdfElement(type);
        _elements.Add(element);
        return element;
    }

    internal ushort Use(TrueTypeFont font, Rune character)
    {
        var used = UsedOf(font);
        var glyph = font.GlyphOf(character);
        used.TryAdd(glyph, character);
        return glyph;
    }

    internal string NameOf(TrueTypeFont font)
    {
        UsedOf(font);
        return "F" + _fonts.Keys.Index().First(f => f.Item == font).Index;
    }

    public byte[] Save()
    {
        var objects = new PdfObjects();
        var catalog = objects.Reserve();
        var pageTree = objects.Reserve();
        var structure = objects.Reserve();
        var pages = _pages.Select(_ => objects.Reserve()).ToList();
        var elements = _elements.ToDictionary(e => e, _ => objects.Reserve());
        var resources = string.Join(' ', _fonts.Select(f => $"/{NameOf(f.Key)} {AddFont(objects, f.Key, f.Value)} 0 R"));
        foreach (var (index, page) in _pages.Index())
        {
            var content = objects.AddStream("", Encoding.ASCII.GetBytes(page.Content));
            objects.Set(pages[index],
                $"<</Type /Page /Parent {pageTree} 0 R /MediaBox [0 0 {N(PdfPage.Width)} {N(PdfPage.Height)}] /Resources <</Font <<{resources}>>>> "
                + $"/Contents {content} 0 R /StructParents {index} /Tabs /S>>");
        }

        objects.Set(pageTree, $"<</Type /Pages /Count {_pages.Count} /Kids [{References(pages)}]>>");
        AddStructure(objects, structure, pages, elements);
        objects.Set(catalog,
            $"<</Type /Catalog /Pages {pageTree} 0 R /Lang (fr-FR) /MarkInfo <</Marked true>> /StructTreeRoot {structure} 0 R /ViewerPreferences <</DisplayDocTitle true>>>>");
        var date = created.UtcDateTime.ToString("'(D:'yyyyMMddHHmmss'Z)'", CultureInfo.InvariantCulture);
        var info = objects.Add($"<</Title {Text(title)} /Author {Text(author)} /Subject {Text(subject)} /CreationDate {date} /ModDate {date}>>");
        return objects.Write(catalog, info);
    }

    private void AddStructure(PdfObjects objects, int root, List<int> pages, Dictionary<PdfElement, int> elements)
    {
        var whole = objects.Reserve();
        foreach (var element in _elements)
        {
            var parts = string.Join(' ', element.Parts.Select(p => $"<</Type /MCR /Pg {pages[p.Page]} 0 R /MCID {p.Mark}>>"));
            objects.Set(elements[element], $"<</Type /StructElem /S /{element.Type} /P {whole} 0 R /K [{parts}]>>");
        }

        objects.Set(whole, $"<</Type /StructElem /S /Document /P {root} 0 R /K [{References(_elements.Select(e => elements[e]))}]>>");
        var owners = _pages.Index().Select(p => $"{p.Index} [{References(p.Item.Marks.Select(e => elements[e]))}]");
        var parents = objects.Add($"<</Nums [{string.Join(' ', owners)}]>>");
        objects.Set(root, $"<</Type /StructTreeRoot /K {whole} 0 R /ParentTree {parents} 0 R /ParentTreeNextKey {_pages.Count}>>");
    }

    /// <summary>The font as a subset with two bytes a glyph, its widths, and what each glyph means.</summary>
    private static int AddFont(PdfObjects objects, TrueTypeFont font, SortedDictionary<ushort, Rune> used)
    {
        var subset = font.Subset(used.Keys);
        var tag = string.Concat(SHA256.HashData(subset).Take(6).Select(b => (char)('A' + b % 26)));
        var name = $"{tag}+{font.Name}";
        var file = objects.AddStream($"/Length1 {subset.Length}", subset);
        var descriptor = objects.Add(
            $"<</Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{string.Join(' ', font.Box)}] /ItalicAngle 0 /Ascent {font.Ascent} "
            + $"/Descent {font.Descent} /CapHeight {font.Ascent} /StemV 80 /FontFile2 {file} 0 R>>");
        var widths = string.Join(' ', used.Keys.Select(g => $"{g} [{font.WidthOf(g)}]"));
        var descendant = objects.Add(
            $"<</Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> "
            + $"/FontDescriptor {descriptor} 0 R /CIDToGIDMap /Identity /W [{widths}]>>");
        var meaning = objects.AddStream("", Encoding.ASCII.GetBytes(Meaning(used)));
        return objects.Add($"<</Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts [{descendant} 0 R] /ToUnicode {meaning} 0 R>>");
    }

    private static string Meaning(SortedDictionary<ushort, Rune> used)
    {
        var map = new StringBuilder(
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def "
            + "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n1 begincodespacerange <0000> <FFFF> endcodespacerange\n");
        foreach (var hundred in used.Chunk(100))
        {
            map.Append(CultureInfo.InvariantCulture, $"{hundred.Length} beginbfchar\n");
            foreach (var (glyph, rune) in hundred)
            {
                map.Append(CultureInfo.InvariantCulture, $"<{glyph:X4}> <{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(rune.ToString()))}>\n");
            }

            map.Append("endbfchar\n");
        }

        return map.Append("endcmap CMapName currentdict /CMap defineresource pop end end").ToString();
    }

    private SortedDictionary<ushort, Rune> UsedOf(TrueTypeFont font)
    {
        if (!_fonts.TryGetValue(font, out var used))
        {
            _fonts[font] = used = [];
        }

        return used;
    }

    private static string References(IEnumerable<int> objects) => string.Join(' ', objects.Select(o => $"{o} 0 R"));

    private static string Text(string text) => $"<FEFF{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}>";

    private static string N(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);
}

/// <summary>The numbered objects of a file, and the table that says where each begins.</summary>
internal sealed class PdfObjects
{
    private readonly List<byte[]?> _objects = [];

    public int Reserve()
    {
        _objects.Add(null);
        return _objects.Count;
    }

    public void Set(int number, string body) => _objects[number - 1] = Encoding.ASCII.GetBytes(body);

    public int Add(string body)
    {
        var number = Reserve();
        Set(number, body);
        return number;
    }

    public int AddStream(string entries, byte[] content)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write(content);
        }

        var number = Reserve();
        _objects[number - 1] =
        [
            .. Encoding.ASCII.GetBytes($"<</Length {packed.Length} /Filter /FlateDecode {entries}>>\nstream\n"), .. packed.ToArray(), .. "\nendstream"u8,
        ];
        return number;
    }

    public byte[] Write(int catalog, int info)
    {
        using var file = new MemoryStream();
        // The second line's bytes above 127 tell transfer programs that the file is binary.
        file.Write("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n"u8);
        var offsets = new List<long>();
        foreach (var (index, body) in _objects.Index())
        {
            offsets.Add(file.Length);
            file.Write(Encoding.ASCII.GetBytes($"{index + 1} 0 obj\n"));
            file.Write(body ?? throw new InvalidOperationException($"Object {index + 1} was reserved and never written."));
            file.Write("\nendobj\n"u8);
        }

        var id = Convert.ToHexString(SHA256.HashData(file.ToArray()).AsSpan(0, 16));
        var start = file.Length;
        file.Write(Encoding.ASCII.GetBytes($"xref\n0 {_objects.Count + 1}\n0000000000 65535 f \n"));
        offsets.ForEach(offset => file.Write(Encoding.ASCII.GetBytes($"{offset:0000000000} 00000 n \n")));
        file.Write(Encoding.ASCII.GetBytes($"trailer\n<</Size {_objects.Count + 1} /Root {catalog} 0 R /Info {info} 0 R /ID [<{id}> <{id}>]>>\nstartxref\n{start}\n%%EOF\n"));
        return file.ToArray();
    }
}
