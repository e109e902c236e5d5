using System.Globalization;
using System.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>What the doors take and refuse: the rows that <see cref="DoorTests"/> tries one by one, and the tables of docs/what-we-accept.md.</summary>
public sealed class DoorTables
{
    /// <summary>What it is, as JSON writes it, as it is kept, and that in words.</summary>
    public static TheoryData<string, string, string, string> TextTaken() => new()
    {
        { "any script, emoji", "🙂 👩‍⚕️ 中文 العربية", "🙂 👩‍⚕️ 中文 العربية", "kept" },
        { "an emoji as two escapes", "\\ud83d\\ude42", "🙂", "kept as one character" },
        { "letters with their accents apart", "e\\u0301t\\u00e9", "été", "kept composed (NFC)" },
        { "CR, CRLF", "a\\r\\nb\\rc", "a\nb\nc", "kept with line feeds" },
        {
            "other line ends: vertical tab, form feed, U+0085, U+2028, U+2029", "a\\u2028b\\u000cc\\u000bd\\u0085e\\u2029f", "a\nb\nc\nd\ne\nf",
            "kept with line feeds"
        },
        { "a byte order mark", "\\ufeffBonjour", "Bonjour", "kept without it" },
    };

    /// <summary>What it is, as JSON writes it, the refusal's code, and what the sentence says.</summary>
    public static TheoryData<string, string, string, string> TextRefused() => new()
    {
        { "NUL", "a\\u0000b", "control_character", "U+0000" },
        { "ESC", "a\\u001b[31m", "control_character", "U+001B" },
        { "another control character", "a\\u009fb", "control_character", "U+009F" },
        { "the first half of a character", "\\ud800", "broken_character", "UTF-8" },
        { "the second half of a character", "\\ude42a", "broken_character", "UTF-8" },
    };

    /// <summary>A query, its status, and the code of its refusal.</summary>
    public static TheoryData<string, int, string> Parameters() => new()
    {
        { "on=2026-11-30", 200, "" },
        { "at=2026-11-30T09:00:00%2B01:00", 200, "" },
        { "q=%C3%A9t%C3%A9", 200, "" },
        { "on=01/12/2026", 400, "not_a_date" },
        { "on=1%20nov%202026", 400, "not_a_date" },
        { "at=2026-11-30", 400, "not_a_moment" },
        { "at=2026-11-30T09:00:00", 400, "not_a_moment" },
        { "q=a%00b", 400, "control_character" },
        { "q=op%E9r%E9e", 400, "broken_character" },
        { "limit=ten", 400, "wrong_type" },
    };

    /// <summary>The charset that a JSON body's Content-Type names, and the status.</summary>
    public static TheoryData<string, int> Charsets() => new()
    {
        { "UTF-8", 200 }, { "\"utf-8\"", 200 }, { "utf-16", 415 }, { "iso-8859-1", 415 }, { "nonsense", 415 },
    };

    /// <summary>If-Match, where the object is at version 1, and the status.</summary>
    public static TheoryData<string, int> IfMatch() => new()
    {
        { "\"v1\"", 204 }, { "*", 204 }, { "\"v0\", \"v1\"", 204 }, { "\"v2\"", 412 }, { "W/\"v1\"", 412 }, { "v1", 400 }, { "\"v1", 400 }, { "", 428 },
    };

    /// <summary>A name as it is sent and as it is kept; null when nothing is left of it.</summary>
    public static TheoryData<string, string?> FileNames() => new()
    {
        { "compte-rendu été.pdf", "compte-rendu été.pdf" },
        { "🙂.jpg", "🙂.jpg" },
        { "../../etc/passwd", "passwd" },
        { "C:\\Users\\x\\irm.dcm", "irm.dcm" },
        { "photo\u202Egpj.exe", "photogpj.exe" },
        { "a\u0000b\r\n.pdf", "ab.pdf" },
        { "a<b>:c?.pdf", "a_b__c_.pdf" },
        { "...", null },
        { "\u202E\u200B", null },
    };

    [Fact]
    public async Task The_page_for_partners_says_what_the_doors_do()
    {
        var text = new StringBuilder("| text with… | for example | is |\n|---|---|---|\n");
        foreach (var row in TextTaken())
        {
            Add(text, row.Data.Item1, Code(row.Data.Item2), row.Data.Item4);
        }

        foreach (var row in TextRefused())
        {
            Add(text, row.Data.Item1, Code(row.Data.Item2), $"400 `{row.Data.Item3}`");
        }

        text.Append("\n| file name | is kept as |\n|---|---|\n");
        foreach (var row in FileNames())
        {
            Add(text, Code(row.Data.Item1), row.Data.Item2 is { } kept ? Code(kept) : "400");
        }

        var http = new StringBuilder("| parameter | status |\n|---|---|\n");
        foreach (var row in Parameters())
        {
            Add(http, Code(row.Data.Item1), row.Data.Item2 == 200 ? "200" : $"400 `{row.Data.Item3}`");
        }

        http.Append("\n| `charset` of a JSON body | status |\n|---|---|\n");
        foreach (var row in Charsets())
        {
            Add(http, Code(row.Data.Item1), row.Data.Item2.ToString(CultureInfo.InvariantCulture));
        }

        http.Append("\n| `If-Match` of a write to version 1 | status |\n|---|---|\n");
        foreach (var row in IfMatch())
        {
            Add(http, row.Data.Item1.Length == 0 ? "none" : Code(row.Data.Item1), row.Data.Item2.ToString(CultureInfo.InvariantCulture));
        }

        await Compare("text", text.ToString());
        await Compare("http", http.ToString());
    }

    private static void Add(StringBuilder table, params string[] cells) => table.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    /// <summary>What cannot be seen is written as its number.</summary>
    private static string Code(string value) => $"`{string.Concat(value.EnumerateRunes().Select(r =>
        Rune.IsControl(r) || Rune.GetUnicodeCategory(r) == UnicodeCategory.Format && r.Value != 0x200D ? $"<U+{r.Value:X4}>" : r.ToString()))}`";

    private static async Task Compare(string name, string table)
    {
        var page = Path.Combine(Sources.Root, "docs", "what-we-accept.md");
        var written = await File.ReadAllTextAsync(page);
        var begin = $"<!-- {name}: made from tests/ServiceDefaults/DoorTables.cs -->";
        var end = $"<!-- end of {name} -->";
        var (from, to) = (written.IndexOf(begin, StringComparison.Ordinal) + begin.Length, written.IndexOf(end, StringComparison.Ordinal));
        from.ShouldBeGreaterThan(begin.Length - 1);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(page, $"{written[..from]}\n{table.Trim()}\n{written[to..]}");
            return;
        }

        written[from..to].Trim().ShouldBe(table.Trim(), "docs/what-we-accept.md says otherwise: UPDATE_GOLDEN=1 writes it anew");
    }
}
