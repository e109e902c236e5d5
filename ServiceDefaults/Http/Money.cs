using System.Globalization;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>An amount as the API shows it; inside, money is whole cents.</summary>
/// <param name="Amount">Decimal string with two digits, e.g. <c>"120.00"</c>.</param>
/// <param name="Currency">Always <c>EUR</c>.</param>
public sealed record Money(string Amount, string Currency)
{
    public static Money FromCents(long cents) => new((cents / 100m).ToString("0.00", CultureInfo.InvariantCulture), "EUR");
}
