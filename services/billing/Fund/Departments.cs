using System.Text.RegularExpressions;

namespace SecondOpinion.Billing.Fund;

/// <summary>Codes of départements and collectivités, as the official geographic code writes them.</summary>
internal static partial class Departments
{
    public const string Form = "(?:0[1-9]|1[0-9]|2[1-9AB]|[3-8][0-9]|9[0-5]|97[1-8]|98[46-9])";

    public static bool Are(string code) => Whole().IsMatch(code);

    [GeneratedRegex(@"\A" + Form + @"\z", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();
}
