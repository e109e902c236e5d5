using SecondOpinion.Intake.Documents.Recognition;
using SecondOpinion.ServiceDefaults.Description;

namespace SecondOpinion.Intake.Documents;

/// <summary>A document of the case, as it is listed.</summary>
/// <param name="DocumentId">The document.</param>
/// <param name="TypeCode">What it is: a code of the catalogue's documents.</param>
/// <param name="FileName">As uploaded; may tell of the patient, so it is never in a log.</param>
/// <param name="MediaType">Recognised from the content, e.g. <c>application/pdf</c>.</param>
/// <param name="SizeBytes">Of what a download gives, in bytes.</param>
/// <param name="Sha256">SHA-256 of what a download gives, hexadecimal.</param>
/// <param name="UploadedAt">When it was received whole.</param>
/// <param name="ActiveContent">The file holds scripts, actions or files within: it is only saved, never opened in place.</param>
/// <param name="DocumentDate">When it was written or the examination made, as the person said.</param>
/// <param name="DuplicateOf">An earlier document of the case with the very same bytes.</param>
/// <param name="DownloadMediaType">Of what a download gives: a HEIC or TIFF picture comes as JPEG or PDF, a CD as a ZIP of its images.</param>
/// <param name="HasPreview">Whether there is a small picture of it.</param>
/// <param name="Facts">What its content says of itself: pages, series of images.</param>
[HealthData]
internal sealed record CaseDocumentView(
    Guid DocumentId, string TypeCode, string FileName, string MediaType, long SizeBytes, string Sha256, DateTimeOffset UploadedAt, bool ActiveContent,
    DateOnly? DocumentDate, Guid? DuplicateOf, string DownloadMediaType, bool HasPreview, DocumentFacts? Facts);
