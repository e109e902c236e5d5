using System.Globalization;
using System.Text;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents.Recognition;

namespace SecondOpinion.Intake.Documents;

/// <summary>What a document's content says of itself, and whether its images are this patient's.</summary>
internal static class Content
{
    /// <summary>Names that hide the name.</summary>
    private static readonly string[] Hidden = ["ANON", "ANONYME", "ANONYMOUS", "ANONYMIZED", "UNKNOWN", "INCONNU", "PATIENT", "NONAME", "TEST"];

    public static DocumentFacts? FactsOf(Admission.Received received, CasePerson patient) => received switch
    {
        { Picture: { } picture } => new DocumentFacts(picture.Width, picture.Height, picture.Pages),
        { Kind.Dicom: { } image } => new DocumentFacts(
            Series: [new SeriesFacts(1, image.StudyDate, image.Modality, 1, image.SeriesDescription, image.Frames)], Identity: Compare([image], patient)),
        { Kind.Disc: { } disc } => new DocumentFacts(
            Series: disc.Series(), LeftOut: disc.LeftOut, Identity: Compare([.. disc.Images.Select(i => i.Facts)], patient)),
        _ => null,
    };

    /// <summary>One image of somebody else is enough to differ. A maiden name, or accents and hyphens as devices write them, are not.</summary>
    internal static ImageIdentity Compare(IReadOnlyList<DicomFacts> images, CasePerson patient)
    {
        if (images.Any(i => i.BirthDate is { } birth && birth != patient.BirthDate))
        {
            return ImageIdentity.Differs;
        }

        var known = Words($"{patient.BirthName} {string.Join(' ', patient.GivenNames)}");
        var named = images.Select(i => i.PatientName).OfType<string>().Distinct().Select(Words).Where(w => w.Count > 0 && !w.Overlaps(Hidden)).ToList();
        return named.Exists(words => !words.Overlaps(known)) ? ImageIdentity.Differs
            : named.Count > 0 && images.All(i => i.BirthDate is not null) ? ImageIdentity.Same
            : ImageIdentity.Unknown;
    }

    private static HashSet<string> Words(string name) =>
        [.. new string([.. name.Normalize(NormalizationForm.FormD).Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)
            .Select(c => char.IsLetter(c) ? char.ToUpperInvariant(c) : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(w => w.Length > 1)];
}
