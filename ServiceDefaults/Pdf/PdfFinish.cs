using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <summary>
/// Makes of the library's file what it cannot write itself: the XMP description that names PDF/A-3 and PDF/UA-1 (it writes PDF/A-1), packed streams with
/// their end mark, and names and identifiers that follow from the content instead of chance. A file that looks otherwise than expected (a new version of
/// the library) is refused.
/// </summary>
internal static partial class PdfFinish
{
    public static byte[] Of(byte[] file, string xmp)
    {
        // One character per byte.
        var text = FixFontNames(Encoding.Latin1.GetString(file));
        var table = Expect(Table().Match(text), "a plain table of objects at its end");
        var starts = Entry().Matches(table.Groups[1].Value).Select(e => int.Parse(e.Groups[1].Value, CultureInfo.InvariantCulture)).ToList();
        // Objects stand one after the other: each ends where the next begins.
        var ends = starts.ToDictionary(start => start, start => starts.Where(other => other > start).DefaultIfEmpty(table.Index).Min());
        var described = 0;
        var finished = new StringBuilder(text[..starts.Min()]);
        var offsets = new List<int>();
        foreach (var start in starts)
        {
            offsets.Add(finished.Length);
            var whole = text[start..ends[start]];
            var isDescription = Stream().Match(whole) is { Success: true } found && found.Groups[1].Value.Contains("/Metadata", StringComparison.Ordinal);
            described += isDescription ? 1 : 0;
            finished.Append(isDescription ? Describe(whole, xmp) : Repack(whole));
        }

        if (described != 1)
        {
            throw Unexpected("one XMP description");
        }

        return Encoding.Latin1.GetBytes(finished.Append(Tail(finished.ToString(), offsets, table.Groups[2].Value)).ToString());
    }

    /// <summary>Six letters in front of a subset's name tell subsets of one file apart; theirs are random.</summary>
    private static string FixFontNames(string text)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        return SubsetName().Replace(text, name =>
        {
            var tag = name.Groups[1].Value;
            if (!tags.TryGetValue(tag, out var steady))
            {
                tags[tag] = steady = $"AVIS{(char)('A' + tags.Count / 26)}{(char)('A' + tags.Count % 26)}";
            }

            return $"/{steady}+";
        });
    }

    private static string Describe(string whole, string xmp)
    {
        // Not packed, so that programs which know nothing of PDF find it.
        var utf8 = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(xmp));
        return $"{whole[..whole.IndexOf('\n')]}\n<<\n/Type/Metadata\n/Subtype/XML\n/Length {utf8.Length}\n>>\nstream\n{utf8}\nendstream\nendobj\n";
    }

    private static string Repack(string whole)
    {
        var stream = Stream().Match(whole);
        if (!stream.Success || !stream.Groups[1].Value.Contains("/FlateDecode", StringComparison.Ordinal))
        {
            return whole;
        }

        var length = Expect(Length().Match(stream.Groups[1].Value), "the length of a stream").Groups[1];
        var from = stream.Index + stream.Length;
        var packed = Encoding.Latin1.GetBytes(whole.Substring(from, int.Parse(length.Value, CultureInfo.InvariantCulture)));
        using var plain = new MemoryStream();
        // Past the two bytes of the zlib header: the check sum at the end may be missing.
        using (var inflate = new DeflateStream(new MemoryStream(packed, 2, packed.Length - 2), CompressionMode.Decompress))
        {
            inflate.CopyTo(plain);
        }

        using var again = new MemoryStream();
        using (var deflate = new ZLibStream(again, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(plain.GetBuffer().AsSpan(0, (int)plain.Length));
        }

        var head = Length().Replace(stream.Groups[1].Value, string.Create(CultureInfo.InvariantCulture, $"/Length {again.Length}"), 1);
        return $"{whole[..stream.Groups[1].Index]}{head}stream\n{Encoding.Latin1.GetString(again.ToArray())}\nendstream\nendobj\n";
    }

    private static string Tail(string before, List<int> offsets, string trailer)
    {
        var id = Convert.ToHexString(SHA256.HashData(Encoding.Latin1.GetBytes(before)).AsSpan(0, 16));
        Expect(Identifier().Match(trailer), "an identifier");
        var entries = string.Concat(offsets.Select(offset => string.Create(CultureInfo.InvariantCulture, $"{offset:0000000000} 00000 n \n")));
        return $"xref\n0 {offsets.Count + 1}\n0000000000 65535 f "
            + $"\n{entries}{Identifier().Replace(trailer, $"/ID[<{id}><{id}>]")}startxref\n{before.Length}\n%%EOF\n";
    }

    private static Match Expect(Match match, string what) => match.Success ? match : throw Unexpected(what);

    private static InvalidOperationException Unexpected(string what) =>
        new($"The PDF library wrote a file without {what}: its version has changed, and PdfFinish must follow.");

    [GeneratedRegex(@"/([A-Z]{6})\+(?=DejaVu)")]
    private static partial Regex SubsetName();

    [GeneratedRegex(@"(?<=\n)xref\s+0 \d+\s+0000000000 65535 f\s+((?:\d{10} 00000 n\s+)+)(trailer\s[\s\S]*)startxref\s+\d+\s+%%EOF\s*$")]
    private static partial Regex Table();

    [GeneratedRegex(@"(\d{10}) 00000 n")]
    private static partial Regex Entry();

    [GeneratedRegex(@"^\d+ 0 obj\s+(<<(?:(?!stream|endobj)[\s\S])*>>\s*)stream\r?\n")]
    private static partial Regex Stream();

    [GeneratedRegex(@"/Length (\d+)")]
    private static partial Regex Length();

    [GeneratedRegex(@"/ID ?\[\s*<[0-9A-Fa-f]{32}>\s*<[0-9A-Fa-f]{32}>\s*\]")]
    private static partial Regex Identifier();
}
