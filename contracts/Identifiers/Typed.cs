namespace SecondOpinion.Contracts.Identifiers;

/// <summary>What people type around an identifier: spaces (also no-break), dots, dashes and slashes are dropped, letters become capitals.</summary>
internal static class Typed
{
    public static string Clean(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        return string.Create(text.Count(IsKept), text, static (kept, source) =>
        {
            var i = 0;
            foreach (var c in source)
            {
                if (IsKept(c))
                {
                    kept[i++] = char.ToUpperInvariant(c);
                }
            }
        });
    }

    /// <summary>ASCII digits only: char.IsDigit would accept digits of other scripts.</summary>
    public static bool AllDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static bool IsKept(char c) => !char.IsWhiteSpace(c) && c is not ('.' or '-' or '/' or '\u2011' or '\u2013');
}
