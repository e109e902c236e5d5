using System.Globalization;

namespace SecondOpinion.Contracts.Identifiers;

/// <summary>Days on which a physician does not work, as an ISO 8601 interval: <c>2026-12-24/2027-01-03</c>.</summary>
/// <param name="From">The first day.</param>
/// <param name="Until">The last day.</param>
public readonly record struct Leave(DateOnly From, DateOnly Until)
{
    public bool Holds(DateOnly day) => From <= day && day <= Until;

    public static Leave Parse(string text) =>
        TryParse(text, out var leave) ? leave : throw new FormatException($"{text} is not an interval of days such as 2026-12-24/2027-01-03.");

    public static bool TryParse(string text, out Leave leave)
    {
        leave = default;
        if (text.Split('/') is not [var from, var until] || !Day(from, out var first) || !Day(until, out var last) || last < first)
        {
            return false;
        }

        leave = new Leave(first, last);
        return true;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{From:yyyy-MM-dd}/{Until:yyyy-MM-dd}");

    private static bool Day(string text, out DateOnly day) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day);
}
