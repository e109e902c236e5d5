using System.Globalization;
using System.Text.RegularExpressions;

namespace SecondOpinion.ServiceDefaults.Text;

/// <summary>The one form of dates and moments at every door: ISO 8601 (RFC 3339). Anything else could be read two ways.</summary>
public static partial class Dates
{
    public const string DateEnglish = "A date is written YYYY-MM-DD, e.g. 2026-11-30.";
    public const string DateFrench = "Une date s'écrit AAAA-MM-JJ, par exemple 2026-11-30.";
    public const string MomentEnglish = "A moment is written with its offset, e.g. 2026-11-30T09:00:00+01:00 (Paris in winter) or 2026-11-30T08:00:00Z.";
    public const string MomentFrench =
        "Une date avec heure s'écrit avec son décalage, par exemple 2026-11-30T09:00:00+01:00 (Paris en hiver) ou 2026-11-30T08:00:00Z.";

    public static bool TryDate(string text, out DateOnly date) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out date);

    public static bool TryMoment(string text, out DateTimeOffset moment)
    {
        moment = default;
        return Moment().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out moment);
    }

    [GeneratedRegex(@"\A\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})\z")]
    private static partial Regex Moment();
}
