using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Physician.Sharing.Mailboxes;

namespace SecondOpinion.Physician.Sharing.Document;

/// <summary>Everything that a signed version says about itself in the norms of health documents: who wrote it, about whom, for whom.</summary>
/// <param name="OpinionId">The opinion; its versions are one set.</param>
/// <param name="Version">From 1.</param>
/// <param name="Replaces">The version that went to this recipient before; null when none did.</param>
/// <param name="SignedAt">When the référent signed.</param>
/// <param name="Author">The référent.</param>
/// <param name="Patient">Whose opinion it is.</param>
/// <param name="Recipient">The treating physician.</param>
/// <param name="RecipientRpps">The treating physician's number.</param>
/// <param name="Teleexpertise">A physician asked; else the patient did, and the act has no code of its own.</param>
/// <param name="Pdf">As it was signed.</param>
internal sealed record OpinionDocument(
    Guid OpinionId, int Version, int? Replaces, DateTimeOffset SignedAt, Signatory Author, QualifiedIdentity Patient, Mailbox Recipient, string RecipientRpps,
    bool Teleexpertise, byte[] Pdf)
{
    /// <summary>LOINC: report of an act at a distance (volet TLM-CR).</summary>
    public const string Code = "85208-7";

    public const string CodeName = "CR de télémédecine";

    public const string Title = "Deuxième avis médical";

    private static readonly TimeZoneInfo Paris = TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris");

    /// <summary>The set of versions.</summary>
    public string SetId => OidOf(OpinionId);

    public string Id => IdOf(Version);

    /// <summary>The same version has the same identifier however often it is sent.</summary>
    public string IdOf(int version)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"opinion-document\n{OpinionId}\n{version}"));
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return OidOf(new Guid(hash.AsSpan(0, 16), bigEndian: true));
    }

    /// <summary>First of the given names, as the national identity has it.</summary>
    public string FirstName => Traits.Of(Patient.GivenNames[0]);

    public string BirthName => Traits.Of(Patient.BirthName);

    /// <summary>Local time with its offset, to the second.</summary>
    public static string Stamp(DateTimeOffset moment)
    {
        var local = TimeZoneInfo.ConvertTime(moment, Paris);
        return local.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture) + local.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "");
    }

    /// <summary>Universal time, as registries want it.</summary>
    public static string UtcStamp(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);

    /// <summary>An id as an OID under 2.25, which needs no registration (ITU-T X.667).</summary>
    internal static string OidOf(Guid id) => $"2.25.{new BigInteger(id.ToByteArray(bigEndian: true), isUnsigned: true, isBigEndian: true)}";
}

/// <summary>The référent as the norms name physicians.</summary>
/// <param name="Rpps">11 digits.</param>
/// <param name="Name">As admitted.</param>
/// <param name="SpecialtyCode">R38, e.g. <c>SM20</c>.</param>
/// <param name="SpecialtyName">In French.</param>
internal sealed record Signatory(string Rpps, PersonName Name, string SpecialtyCode, string SpecialtyName)
{
    /// <summary>Profession and specialty in one code (TRE_A01 and following).</summary>
    public string QualificationCode => $"G15_10/{SpecialtyCode}";

    public string QualificationName => $"Médecin - {SpecialtyName}";
}

/// <summary>A physician's name in its parts: title, given name, and the family name, which is written in capitals.</summary>
internal sealed record PersonName(string Prefix, string Given, string Family)
{
    private static readonly string[] Titles = ["Dr", "Pr", "Docteur", "Professeur", "Professeure"];

    /// <param name="shown">E.g. <c>Dr Alix EXEMPLE-DURANCE</c>.</param>
    public static PersonName Of(string shown)
    {
        var words = shown.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var titled = words.Length > 1 && Titles.Contains(words[0].TrimEnd('.'), StringComparer.OrdinalIgnoreCase);
        var names = titled ? words[1..] : words;
        var family = names.Length;
        while (family > 0 && names[family - 1].Equals(names[family - 1].ToUpperInvariant(), StringComparison.Ordinal))
        {
            family--;
        }

        // Nothing, or everything, in capitals tells nothing: then the last word is the family name.
        family = family == names.Length || family == 0 ? Math.Max(0, names.Length - 1) : family;
        return new PersonName(titled ? words[0] : "", string.Join(' ', names[..family]), string.Join(' ', names[family..]));
    }
}

/// <summary>Traits of the national identity are capitals without accents.</summary>
internal static class Traits
{
    public static string Of(string name) => string.Concat(
        name.Normalize(NormalizationForm.FormD).Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark))
        .Replace("œ", "oe", StringComparison.OrdinalIgnoreCase).Replace("æ", "ae", StringComparison.OrdinalIgnoreCase)
        .ToUpperInvariant().Normalize(NormalizationForm.FormC);
}
