using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Insurers;

/// <summary>Strong entity tags made of version numbers.</summary>
internal static class Versions
{
    public static string Tag(int version) => $"\"v{version}\"";

    /// <returns>The refusal when If-Match is absent or names another version.</returns>
    public static Problem? Mismatch(HttpContext http, int version)
    {
        var wanted = http.Request.Headers.IfMatch.ToString();
        return wanted.Length == 0
            ? CommonProblems.PreconditionRequired.Because("Send If-Match with the ETag that you read.", "Envoyez If-Match avec l'ETag que vous avez lu.")
            : wanted == Tag(version)
                ? null
                : CommonProblems.PreconditionFailed.Because("Read it again and repeat your change.", "Relisez-le et refaites votre modification.");
    }
}
