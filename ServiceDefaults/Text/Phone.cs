using PhoneNumbers;

namespace SecondOpinion.ServiceDefaults.Text;

/// <summary>
/// Telephone numbers as people write them: spaces of every kind, dots, brackets, with or without the country; judged by libphonenumber's plans.
/// </summary>
public static class Phone
{
    /// <summary>Longest text that is looked at, in characters.</summary>
    public const int MaxLength = 40;

    private const int France = 33;

    /// <summary>Where a number without a country may be dialled from: France, and its territories with plans of their own.</summary>
    private static readonly string[] Regions = ["FR", "RE", "GP", "MQ", "GF", "YT", "PM", "NC", "PF", "WF"];

    /// <param name="text">As typed.</param>
    /// <param name="e164">E.g. <c>+33199000001</c>.</param>
    public static bool TryParse(string text, out string e164)
    {
        e164 = "";
        if (text.Length > MaxLength)
        {
            return false;
        }

        // French typography sets a narrow no-break space, which the library does not know.
        text = string.Concat(text.Select(c => char.IsWhiteSpace(c) ? ' ' : c));
        var numbers = PhoneNumberUtil.GetInstance();
        var found = Regions.Select(region => Read(numbers, text, region)).FirstOrDefault(n => n is not null && numbers.IsValidNumber(n))
            // Ranges of the French plan that are kept free (fiction) or newly given are in no table yet.
            ?? (Read(numbers, text, Regions[0]) is { CountryCode: France } french && numbers.IsPossibleNumber(french) ? french : null);
        e164 = found is null ? "" : numbers.Format(found, PhoneNumberFormat.E164);
        return found is not null;
    }

    private static PhoneNumber? Read(PhoneNumberUtil numbers, string text, string region)
    {
        try
        {
            return numbers.Parse(text, region) is { HasExtension: false } number ? number : null;
        }
        catch (NumberParseException)
        {
            return null;
        }
    }
}
