using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>Strong ETags made of a version number, against lost updates.</summary>
public static class Etags
{
    public static string Of(long version) => $"\"v{version}\"";

    /// <returns>Why the write may not happen, or null when <c>If-Match</c> names the version that is there.</returns>
    public static Problem? Mismatch(HttpRequest request, long version)
    {
        var wanted = request.Headers.IfMatch.ToString();
        if (wanted.Length > 0 && wanted != "*" && !wanted.Split(',', StringSplitOptions.TrimEntries).All(IsTag))
        {
            return CommonProblems.BadRequest.Because(
                "If-Match takes the ETag as it was given, quotes included: If-Match: \"v1\".",
                "If-Match reprend l'ETag tel qu'il a été donné, guillemets compris : If-Match: \"v1\".",
                new FieldError("#/If-Match", "unquoted_etag", "Mettez l'ETag entre guillemets : \"v1\"."));
        }

        return wanted.Length == 0
            ? CommonProblems.PreconditionRequired.Because(
                "Read the object first and send its ETag in If-Match.", "Lisez d'abord l'objet et renvoyez son ETag dans If-Match.")
            : wanted == "*" || wanted.Split(',', StringSplitOptions.TrimEntries).Contains(Of(version))
                ? null
                : CommonProblems.PreconditionFailed.Because(
                    "Somebody changed it since you read it. Read it again and repeat your change.",
                    "L'objet a changé depuis votre lecture. Relisez-le puis refaites votre modification.");
    }

    private static bool IsTag(string tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? IsTag(tag[2..]) : tag is ['"', .., '"'] && tag.Length > 2;
}
