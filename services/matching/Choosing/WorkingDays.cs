using PublicHoliday;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Matching.Choosing;

/// <summary>Days on which physicians work: neither a weekend nor a French public holiday, in French time whatever the season.</summary>
internal static class WorkingDays
{
    /// <summary>An opinion takes two of them. Where the calendar itself leaves fewer, those that there are.</summary>
    private const int Needed = 2;

    private static readonly FrancePublicHoliday Calendar = new();

    /// <summary>Whether, from today to the day before the clock ends, enough working days are left to somebody.</summary>
    /// <param name="now">The present.</param>
    /// <param name="dueAt">End of the clock.</param>
    /// <param name="isAbsent">On which days that person does not work.</param>
    public static bool Enough(DateTimeOffset now, DateTimeOffset dueAt, Func<DateOnly, bool> isAbsent)
    {
        var (all, own) = (0, 0);
        for (var day = FrenchTime.Day(now); day < FrenchTime.Day(dueAt) && own < Needed; day = day.AddDays(1))
        {
            if (Is(day))
            {
                all++;
                own += isAbsent(day) ? 0 : 1;
            }
        }

        return own >= Math.Min(Needed, all);
    }

    public static bool Is(DateOnly day) => Calendar.IsWorkingDay(day.ToDateTime(TimeOnly.MinValue));
}
