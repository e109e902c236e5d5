using System.Globalization;
using System.Text;
using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Billing.Identity;

/// <summary>What people type, made one: a roster line and a question about the same person must come out the same.</summary>
internal static class Typed
{
    private const int OldestBirthYear = 1880;

    /// <summary>Letters and digits, in capitals, without accents and without leading zeros; false when nothing, or more than 24 characters, is left.</summary>
    public static bool TryMember(ReadOnlySpan<char> text, out string member)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var c in text.ToString().Normalize(NormalizationForm.FormD))
        {
            if (char.IsAsciiLetterOrDigit(c))
            {
                kept.Append(char.ToUpperInvariant(c));
            }
            else if (!IsFiller(c) && CharUnicodeInfo.GetUnicodeCategory(c) is not UnicodeCategory.NonSpacingMark)
            {
                member = "";
                return false;
            }
        }

        member = kept.ToString().TrimStart('0');
        return member.Length is > 0 and <= IdentityHasher.MaxMember;
    }

    /// <summary>The same for the bytes of a roster line, without an allocation; text beyond ASCII takes the way above.</summary>
    public static bool TryMember(ReadOnlySpan<byte> text, Span<byte> member, out int length)
    {
        length = 0;
        foreach (var b in text)
        {
            if (b >= 0x80)
            {
                return TryMemberUtf8(text, member, out length);
            }

            var upper = b is >= (byte)'a' and <= (byte)'z' ? (byte)(b - 32) : b;
            if (upper is >= (byte)'1' and <= (byte)'9' or >= (byte)'A' and <= (byte)'Z' || (upper == (byte)'0' && length > 0))
            {
                if (length == IdentityHasher.MaxMember)
                {
                    return false;
                }

                member[length++] = upper;
            }
            else if (upper != (byte)'0' && !IsFiller((char)upper))
            {
                return false;
            }
        }

        return length > 0;
    }

    /// <summary>ISO (1989-04-17), French (17/04/1989, also with dots, dashes or spaces) or 19890417; a date that exists, not in the future.</summary>
    /// <returns>yyyymmdd, or 0.</returns>
    public static int BirthDate(ReadOnlySpan<byte> text, int today)
    {
        var date = Date(text);
        return date / 10000 >= OldestBirthYear && date <= today ? date : 0;
    }

    /// <summary>yyyymmdd of a date that exists, or 0.</summary>
    public static int Date(ReadOnlySpan<byte> text)
    {
        Span<int> parts = stackalloc int[3];
        Span<int> digits = stackalloc int[3];
        var part = 0;
        foreach (var b in text)
        {
            if (b is >= (byte)'0' and <= (byte)'9')
            {
                if (++digits[part] > 8)
                {
                    return 0;
                }

                parts[part] = parts[part] * 10 + (b - '0');
            }
            else if (b is (byte)'-' or (byte)'/' or (byte)'.' or (byte)' ' && digits[part] > 0 && part < 2)
            {
                part++;
            }
            else
            {
                return 0;
            }
        }

        var (year, month, day) = (part, digits[0], digits[2]) switch
        {
            (0, 8, _) => (parts[0] / 10000, parts[0] / 100 % 100, parts[0] % 100),
            (2, 4, > 0 and <= 2) => (parts[0], parts[1], parts[2]),
            (2, > 0 and <= 2, 4) => (parts[2], parts[1], parts[0]),
            _ => default,
        };
        return year is >= 1 and <= 9999 && month is >= 1 and <= 12 && day >= 1 && digits[1] <= 2 && day <= DateTime.DaysInMonth(year, month)
            ? year * 10000 + month * 100 + day
            : 0;
    }

    public static DateOnly ToDate(int yyyymmdd) => new(yyyymmdd / 10000, yyyymmdd / 100 % 100, yyyymmdd % 100);

    public static int FromDate(DateOnly date) => date.Year * 10000 + date.Month * 100 + date.Day;

    /// <summary>The holder's NIR, with its key or without (13 characters, as many people write it); 2A and 2B in either case.</summary>
    public static bool TryNir(string text, out Nir nir) => Nir.TryParse(text, out nir, out _);

    private static bool TryMemberUtf8(ReadOnlySpan<byte> text, Span<byte> member, out int length)
    {
        length = 0;
        // A byte that is no UTF-8 comes from Windows-1252, whose letters Latin-1 shares.
        return TryMember((System.Text.Unicode.Utf8.IsValid(text) ? Encoding.UTF8 : Encoding.Latin1).GetString(text), out var clean)
            && Encoding.ASCII.TryGetBytes(clean, member, out length);
    }

    private static bool IsFiller(char c) => char.IsWhiteSpace(c) || c is '.' or '-' or '/' or '_' or '\u2011' or '\u2013' or '\'';
}
