using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace SecondOpinion.Tests.Physician;

/// <summary>Reads a PDF back as a reader program does: inflates its streams and turns glyphs into characters by the fonts' own tables.</summary>
internal sealed record ReadPdf(string Raw, int Pages, string Text)
{
    public static ReadPdf Of(byte[] bytes)
    {
        var raw = Encoding.Latin1.GetString(bytes);
        raw.ShouldStartWith("%PDF-1.7");
        var objects = Regex.Matches(raw, @"(?<=\n)(\d+) 0 obj\n(.*?)\nendobj\n", RegexOptions.Singleline).ToDictionary(m => int.Parse(m.Groups[1].Value), m => m.Groups[2].Value);
        var pages = objects.Values.Where(o => o.StartsWith("<</Type /Page ", StringComparison.Ordinal)).ToList();
        var text = new StringBuilder();
        foreach (var page in pages)
        {
            var fonts = Regex.Matches(page, @"/(F\d+) (\d+) 0 R").ToDictionary(m => m.Groups[1].Value, m => Meanings(objects, int.Parse(m.Groups[2].Value)));
            var content = Inflate(objects[Reference(page, "Contents")]);
            foreach (Match line in Regex.Matches(content, @"/(F\d+) [\d.]+ Tf .*? <([0-9A-F]*)> Tj"))
            {
                text.Append(string.Concat(line.Groups[2].Value.Chunk(4).Select(g => fonts[line.Groups[1].Value][new string(g)]))).Append('\n');
            }
        }

        return new ReadPdf(raw, pages.Count, text.ToString());
    }

    private static Dictionary<string, string> Meanings(Dictionary<int, string> objects, int font) =>
        Regex.Matches(Inflate(objects[Reference(objects[font], "ToUnicode")]), "<([0-9A-F]{4})> <([0-9A-F]+)>\n")
            .ToDictionary(m => m.Groups[1].Value, m => Encoding.BigEndianUnicode.GetString(Convert.FromHexString(m.Groups[2].Value)));

    private static int Reference(string body, string name) => int.Parse(Regex.Match(body, $@"/{name} (\d+) 0 R").Groups[1].Value, CultureInfo.InvariantCulture);

    private static string Inflate(string body)
    {
        var packed = Encoding.Latin1.GetBytes(Regex.Match(body, @"stream\n(.*)\nendstream", RegexOptions.Singleline).Groups[1].Value);
        using var zlib = new ZLibStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        zlib.CopyTo(plain);
        return Encoding.Latin1.GetString(plain.ToArray());
    }
}
