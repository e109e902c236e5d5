using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.Reporting.Surveys;

/// <summary>A survey: whom it asks, and when.</summary>
/// <param name="Code">As events and paths name it.</param>
/// <param name="DaysAfter">The delivery of the opinion.</param>
/// <param name="NeedsConsent">Asks only who agreed to be contacted after six months.</param>
internal sealed record Survey(string Code, int DaysAfter, bool NeedsConsent)
{
    public const int TokenBytes = 32;

    private static readonly IReadOnlyList<Survey> All = [new("recommendation", 7, NeedsConsent: false), new("six_months", 182, NeedsConsent: true)];

    public static Survey? Find(string code) => All.SingleOrDefault(survey => survey.Code == code);

    /// <summary>What is kept of a link; null when the text is none.</summary>
    public static byte[]? Hash(string token) =>
        Base64Url.IsValid(token, out var bytes) && bytes == TokenBytes ? SHA256.HashData(Encoding.ASCII.GetBytes(token)) : null;
}
