namespace SecondOpinion.Contracts.Identifiers;

/// <summary>Languages in which patients and physicians can be matched: ISO 639-1, and the French sign language by its ISO 639-3 code.</summary>
public static class SpokenLanguage
{
    public const string French = "fr";

    /// <summary>The official languages of the Union, those most spoken in France beside them, and the French sign language.</summary>
    public static readonly IReadOnlyList<string> Codes =
    [
        "ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "fsl", "ga", "hr", "hu", "hy", "it", "ka", "km", "lt", "lv", "mt", "nl", "pl", "pt",
        "ro", "ru", "sk", "sl", "sq", "sr", "sv", "ta", "tr", "uk", "vi", "zh",
    ];
}
