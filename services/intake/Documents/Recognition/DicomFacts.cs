using System.Globalization;
using System.Text;
using SecondOpinion.ServiceDefaults.Description;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>What the header of a DICOM object says of it (PS3.3); who is shown on it is compared and not kept.</summary>
internal sealed record DicomFacts(
    string? PatientName, DateOnly? BirthDate, string? Modality, string StudyUid, DateOnly? StudyDate, string SeriesUid, int SeriesNumber,
    string? SeriesDescription, int InstanceNumber, int Frames)
{
    private const int LongestText = 64;

    /// <summary>Tags whose values are read; all others are passed over.</summary>
    public static readonly IReadOnlySet<uint> Tags = new HashSet<uint>
    {
        0x0008_0005, 0x0008_0020, 0x0008_0060, 0x0008_103E, 0x0010_0010, 0x0010_0030, 0x0020_000D, 0x0020_000E, 0x0020_0011, 0x0020_0013, 0x0028_0008,
    };

    public static DicomFacts Of(IReadOnlyDictionary<uint, byte[]> values)
    {
        var utf8 = values.TryGetValue(0x0008_0005, out var set) && Encoding.ASCII.GetString(set).Contains("ISO_IR 192", StringComparison.Ordinal);
        string? Text(uint tag) =>
            values.TryGetValue(tag, out var bytes)
            && new string([.. (utf8 ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes).Trim(' ', '\0').Where(c => !char.IsControl(c))]) is { Length: > 0 } text
                ? text
                : null;
        int Number(uint tag, int otherwise) =>
            int.TryParse(Text(tag), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
        DateOnly? Date(uint tag) =>
            DateOnly.TryParseExact(Text(tag), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;
        var description = Text(0x0008_103E);
        description = description?.Length > LongestText ? description[..LongestText] : description;
        return new DicomFacts(
            Text(0x0010_0010), Date(0x0010_0030), Text(0x0008_0060), Text(0x0020_000D) ?? "", Date(0x0008_0020), Text(0x0020_000E) ?? "",
            Number(0x0020_0011, 0), description, Number(0x0020_0013, 0), Math.Clamp(Number(0x0028_0008, 1), 1, 1_000_000));
    }
}

/// <summary>Images of one series.</summary>
/// <param name="Study">Which examination, counted from 1 by date.</param>
/// <param name="StudyDate">When it was made.</param>
/// <param name="Modality">DICOM code of the device, e.g. <c>MR</c>, <c>CT</c>, <c>US</c>.</param>
/// <param name="Series">Which series of the examination, counted from 1.</param>
/// <param name="Description">As the device calls it.</param>
/// <param name="Images">How many slices or frames.</param>
[HealthData]
internal sealed record SeriesFacts(int Study, DateOnly? StudyDate, string? Modality, int Series, string? Description, int Images);

/// <summary>Whether the images are this patient's, as far as their headers tell.</summary>
internal enum ImageIdentity
{
    /// <summary>They name nobody, or in a way that cannot be compared.</summary>
    Unknown,

    /// <summary>Birth date and name agree.</summary>
    Same,

    /// <summary>Another birth date or name: somebody must look before a physician relies on them.</summary>
    Differs,
}

/// <summary>What a document's content says about itself.</summary>
/// <param name="Width">Points of a picture's first page.</param>
/// <param name="Height">The same.</param>
/// <param name="Pages">Pages of a picture.</param>
/// <param name="Series">Of medical images.</param>
/// <param name="LeftOut">Files of a CD that are no images: viewers, autorun programs, indexes.</param>
/// <param name="Identity">Of medical images: whether they are this patient's.</param>
[HealthData]
internal sealed record DocumentFacts(
    long? Width = null, long? Height = null, int? Pages = null, IReadOnlyList<SeriesFacts>? Series = null, int? LeftOut = null, ImageIdentity? Identity = null);
