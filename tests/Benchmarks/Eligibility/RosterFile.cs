using System.Buffers.Text;

namespace SecondOpinion.Bench.Eligibility;

/// <summary>
/// A made-up roster: families of two, one line in four with a (fictitious, valid) NIR. Person <c>i</c> can be asked for without reading the file.
/// </summary>
internal sealed class RosterFile(string folder)
{
    private const int FirstYear = 1940;

    public string Write(int rows)
    {
        var path = Path.Combine(folder, $"roster-{rows}.csv");
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        file.Write("numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin\n"u8);
        Span<byte> line = stackalloc byte[96];
        for (var i = 0; i < rows; i++)
        {
            var length = 0;
            Put(line, ref length, "M"u8);
            Number(line, ref length, i / 2, 9);
            var (year, month, day) = Birth(i);
            Put(line, ref length, ";"u8);
            Number(line, ref length, year, 4);
            Put(line, ref length, "-"u8);
            Number(line, ref length, month, 2);
            Put(line, ref length, "-"u8);
            Number(line, ref length, day, 2);
            Put(line, ref length, i % 2 == 0 ? ";1;A;"u8 : ";1;C;"u8);
            if (i % 4 == 0)
            {
                // Sex 1, year 00 to 99, month 01, place 99001, order: a person born abroad, who does not exist.
                var body = 1_000_000_000_000L + i % 100 * 10_000_000_000L + 100_000_000L + 99_001_000L + i % 999 + 1;
                Number(line, ref length, body, 13);
                Number(line, ref length, 97 - body % 97, 2);
            }

            Put(line, ref length, ";CONFORT;2022-01-01;\n"u8);
            file.Write(line[..length]);
        }

        return path;
    }

    public static string Member(int i) => $"M{i / 2:000000000}";

    public static string BirthDate(int i)
    {
        var (year, month, day) = Birth(i);
        return $"{year:0000}-{month:00}-{day:00}";
    }

    private static (int Year, int Month, int Day) Birth(int i) => (FirstYear + i % 71, 1 + i % 12, 1 + i % 28);

    private static void Put(Span<byte> line, ref int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(line[length..]);
        length += text.Length;
    }

    private static void Number(Span<byte> line, ref int length, long value, byte digits)
    {
        Utf8Formatter.TryFormat(value, line[length..], out var written, new('D', digits));
        length += written;
    }
}
