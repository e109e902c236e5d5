namespace SecondOpinion.Contracts.Identifiers;

/// <summary>
/// The key that RPPS, FINESS, SIREN and SIRET share: from the right, every second digit is doubled and the sum of digits is a multiple of 10.
/// </summary>
internal static class Luhn
{
    public static bool IsValid(ReadOnlySpan<char> digits) => Sum(digits) % 10 == 0;

    /// <summary>The last digit that makes <paramref name="body"/> followed by it valid.</summary>
    public static char KeyOf(ReadOnlySpan<char> body)
    {
        Span<char> whole = stackalloc char[body.Length + 1];
        body.CopyTo(whole);
        whole[^1] = '0';
        return (char)('0' + (10 - Sum(whole) % 10) % 10);
    }

    private static int Sum(ReadOnlySpan<char> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[digits.Length - 1 - i] - '0';
            if (i % 2 == 1)
            {
                digit *= 2;
                if (digit > 9)
                {
                    digit -= 9;
                }
            }

            sum += digit;
        }

        return sum;
    }
}
