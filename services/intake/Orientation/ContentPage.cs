namespace SecondOpinion.Intake.Orientation;

/// <summary>A page of orientation, as its file says (docs/content-guide.md).</summary>
/// <param name="Id">The file's name; never changes.</param>
/// <param name="Kind"><c>emergency</c>, <c>exclusion</c>, <c>right</c>, <c>guide</c>, <c>faq</c>, <c>structure</c>, <c>delay</c>, <c>cost</c>,
/// <c>advice</c>,
/// <c>help</c>, <c>association</c> or <c>letter</c>.</param>
/// <param name="Reviewed">The day it was last compared with its sources.</param>
/// <param name="Needs">Of a page of help: the needs that it answers, codes of <see cref="HelpNeeds"/>.</param>
/// <param name="Conflicts">What its sources disagree on, a sentence each.</param>
internal sealed record ContentPage(
    string Id,
    string Kind,
    string Title,
    int Order,
    IReadOnlyList<ContentSource> Sources,
    DateOnly Reviewed,
    IReadOnlyList<string> Conflicts,
    string Markdown,
    SimplePage Simple,
    StructureFacts? Structure,
    string? Website,
    IReadOnlyList<string> Needs,
    IReadOnlyList<LetterPlaceholder> Placeholders)
{
    public static readonly IReadOnlyList<string> Kinds =
        ["emergency", "exclusion", "right", "guide", "faq", "structure", "delay", "cost", "advice", "help", "association", "letter"];

    /// <summary>What people need help with, in their words.</summary>
    public static readonly IReadOnlyDictionary<string, string> HelpNeeds = new Dictionary<string, string>
    {
        ["money"] = "Payer mes soins",
        ["cover"] = "Avoir une couverture santé",
        ["travel"] = "Me déplacer",
        ["listening"] = "Parler à quelqu’un",
        ["paperwork"] = "Faire mes démarches",
        ["access"] = "Être aidé : handicap, téléphone, langue",
        ["deciding"] = "Décider après l’avis",
    };
}

/// <summary>Where a sentence comes from.</summary>
/// <param name="Name">Who published it and what.</param>
/// <param name="Url">Where to read it; null when it is not on the web.</param>
/// <param name="Date">Year, month or day; <paramref name="DateIs"/> says of what.</param>
/// <param name="DateIs"><c>version</c>: the version of the article that is cited entered into force; <c>publication</c>; <c>reading</c>: the page bears no
/// date, somebody read it then; <c>decision</c>: a rule of this service.</param>
internal sealed record ContentSource(string Name, string? Url, string Date, string DateIs = "publication");

/// <summary>The simplified twin. It may bear the word FALC only once people with intellectual disability have validated it.</summary>
/// <param name="Status"><c>draft</c>, <c>reviewed</c> or <c>falc_validated</c>.</param>
internal sealed record SimplePage(string Title, string Markdown, DateOnly Reviewed, string Status, string? ValidatedBy, DateOnly? ValidatedOn)
{
    public string Label => Status == "falc_validated" ? "FALC" : "version simplifiée";
}

internal sealed record StructureFacts(
    string Region, IReadOnlyList<string> AccessModes, bool LetterAdvised, bool LetterLegallyRequired, IReadOnlyList<string> Specialties,
    IReadOnlyList<string> Finess,
    string Address, string? Phone);

/// <param name="OnlyPassed">A date that the letter may name only once it has passed.</param>
/// <param name="RequiredUnless">Another field; one of the two must be given.</param>
internal sealed record LetterPlaceholder(string Name, string Meaning, bool Required, string Example, string? RequiredUnless = null, bool OnlyPassed = false);

/// <summary>One line of the tables of delays or costs: a value with its source and date, and the lines that say something else.</summary>
internal sealed record Figure(
    string Id, string Channel, string? Value, string Unit, string Source, string Date, string Note, IReadOnlyList<string> ConflictsWith);

internal sealed record CancerCentre(string Finess, string Name, string CommuneCode, string Activity, string Source, string Date);
