using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician;

/// <summary>Strong entity tags <c>"v7"</c> and the If-Match that must accompany a write.</summary>
internal static class Versions
{
    public static string Tag(int version) => $"\"v{version}\"";

    /// <exception cref="ProblemException">428 when If-Match is absent, 412 when it names another version.</exception>
    public static void Require(HttpContext http, int current)
    {
        var sent = http.Request.Headers.IfMatch.ToString();
        if (sent.Length == 0)
        {
            throw CommonProblems.PreconditionRequired.Because(
                "Read the object first and send its ETag as If-Match.", "Lisez d'abord l'objet, puis renvoyez son ETag dans If-Match.").AsException();
        }

        if (!sent.Split(',', StringSplitOptions.TrimEntries).Any(tag => tag == Tag(current) || tag == "*"))
        {
            throw CommonProblems.PreconditionFailed.Because(
                "Read it again and apply your change to what it is now.", "Relisez l'objet et appliquez votre modification à sa version actuelle.").AsException();
        }
    }
}
