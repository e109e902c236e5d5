using System.Globalization;
using System.Reflection;
using SecondOpinion.Contracts.Identifiers;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace SecondOpinion.Intake.Orientation;

/// <summary>
/// All pages and tables, read from the assembly at start. A page that breaks a rule of docs/content-guide.md stops the start, and the test before it.
/// </summary>
internal sealed class ContentBook
{
    private const string Root = "Orientation/";
    private const string SimpleEnding = ".simple.md";

    private static readonly IDeserializer Yaml = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance)
        .WithDuplicateKeyChecking().Build();

    private readonly Dictionary<string, ContentPage> _byId;

    private ContentBook(IReadOnlyList<ContentPage> pages, IReadOnlyList<Figure> delays, IReadOnlyList<Figure> costs, IReadOnlyList<CancerCentre> centres)
    {
        Pages = pages;
        Delays = delays;
        Costs = costs;
        CancerCentres = centres;
        _byId = pages.ToDictionary(p => p.Id);
    }

    /// <summary>By kind, then by their own order.</summary>
    public IReadOnlyList<ContentPage> Pages { get; }

    public IReadOnlyList<Figure> Delays { get; }

    public IReadOnlyList<Figure> Costs { get; }

    public IReadOnlyList<CancerCentre> CancerCentres { get; }

    public ContentPage? Find(string id) => _byId.GetValueOrDefault(id);

    public IEnumerable<ContentPage> OfKind(string kind) => Pages.Where(p => p.Kind == kind);

    /// <exception cref="InvalidDataException">A file breaks a rule; the message names it.</exception>
    public static ContentBook Load()
    {
        var texts = Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Root, StringComparison.Ordinal) && name.EndsWith(".md", StringComparison.Ordinal))
            .ToDictionary(name => name, name => new StreamReader(DataFile.Open(name)).ReadToEnd());
        var pages = texts.Where(t => !t.Key.EndsWith(SimpleEnding, StringComparison.Ordinal)).Select(t =>
            texts.TryGetValue(t.Key[..^3] + SimpleEnding, out var simple)
                ? ReadPage(t.Key, t.Value, simple)
                : throw new InvalidDataException($"{t.Key} has no simplified twin."));
        return new ContentBook(
            [.. pages.OrderBy(p => Array.IndexOf([.. ContentPage.Kinds], p.Kind)).ThenBy(p => p.Order).ThenBy(p => p.Id, StringComparer.Ordinal)],
            Figures("delays"),
            Figures("costs"),
            [
                .. DataFile.Rows($"{Root}structures-cancer.csv").Select(row => new CancerCentre(
                    Finess.Parse(row["finess"]).Value, row["short_name"], row["commune_code"], row["activity"], row["source"], row["date"])),
            ]);
    }

    internal static ContentPage ReadPage(string name, string text, string simpleText)
    {
        var (head, body) = Split(name, text);
        var (simpleHead, simpleBody) = Split(name, simpleText);
        Check(name, head, simpleHead);
        return new ContentPage(
            head.Id!, head.Kind!, FrenchText.Typeset(head.Title!), head.Order,
            [.. head.Source!.Select(s => new ContentSource(FrenchText.Typeset(s.Name!), s.Url, (s.Date ?? s.ReadOn ?? s.DecidedOn)!, DateIs(s)))],
            Day(name, head.Reviewed),
            [.. (head.Conflicts ?? []).Select(FrenchText.Typeset)], FrenchText.Typeset(body),
            new SimplePage(
                FrenchText.Typeset(simpleHead.Title!), FrenchText.Typeset(simpleBody), Day(name, simpleHead.Reviewed), head.Status!,
                simpleHead.ValidatedBy ?? head.ValidatedBy,
                (simpleHead.ValidatedOn ?? head.ValidatedOn) is { } on ? Day(name, on) : null),
            head.Kind == "structure"
                ? new StructureFacts(
                    head.Region!, head.AccessModes!, head.LetterAdvised!.Value, head.LetterLegallyRequired!.Value, head.Specialties ?? [], head.Finess ?? [],
                    head.Address!, head.Phone)
                : null,
            head.Website,
            head.Needs ?? [],
            [.. (head.Placeholders ?? []).Select(p => new LetterPlaceholder(p.Name!, p.Meaning!, p.Required, p.Example!, p.RequiredUnless, p.OnlyPassed))]);
    }

    private static void Check(string name, Head head, Head simple)
    {
        void Must(bool fine, string rule)
        {
            if (!fine)
            {
                throw new InvalidDataException($"{name}: {rule}");
            }
        }

        Must(head.Id == Path.GetFileNameWithoutExtension(name), "its id is not its file's name.");
        Must(simple.Id == head.Id, "its simplified twin has another id.");
        Must(ContentPage.Kinds.Contains(head.Kind), $"kind '{head.Kind}' is unknown.");
        Must(!string.IsNullOrWhiteSpace(head.Title) && !string.IsNullOrWhiteSpace(simple.Title), "a title is missing.");
        Must(head.Source is { Count: > 0 } && head.Source.All(s => !string.IsNullOrWhiteSpace(s.Name) && IsDate(s.Date ?? s.ReadOn ?? s.DecidedOn)),
            "a source with a name and a date is missing.");
        Must(
            head.Source!.All(s => new[] { s.Date, s.ReadOn, s.DecidedOn }.Count(d => d is not null) == 1),
            "a source has one of date (of the text), readOn (of a page without date) and decidedOn (of a rule of ours).");
        Must(head.Source!.All(s => !IsLaw(s) || s.Date is not null),
            "an article is cited in a version that entered into force on a date: the day of reading is not one.");
        Must(
            head.Source!.All(s => s.Url?.Contains("/codes/texte_lc/", StringComparison.Ordinal) != true),
            "an address of a whole code says nothing: give the article's own (codes/article_lc/…), or none until it is known.");
        Must(
            head.Kind != "help" || head.Needs is { Count: > 0 } needs && needs.All(ContentPage.HelpNeeds.ContainsKey),
            $"a page of help names the needs that it answers: {string.Join(", ", ContentPage.HelpNeeds.Keys)}.");
        Must(head.Status is "draft" or "reviewed" or "falc_validated", $"status '{head.Status}' is unknown.");
        Must(
            head.Status == "draft" || (simple.ValidatedBy ?? head.ValidatedBy) is { Length: > 0 } && (simple.ValidatedOn ?? head.ValidatedOn) is not null,
            $"{head.Status} needs validatedBy and validatedOn: who read it, and when.");
        Must(
            head.Kind != "structure"
                || head is
                {
                    Region: not null, AccessModes.Count: > 0, LetterAdvised: not null, LetterLegallyRequired: false, Address: not null,
                    Website: not null
                },
            "a structure needs region, accessModes, letterAdvised, letterLegallyRequired false, address and website; phone once it is confirmed.");
        Must(
            head.Kind != "letter"
                || head.Placeholders is { Count: > 0 } placeholders && placeholders.All(p => p is { Name: not null, Meaning: not null, Example: not null }),
            "a letter declares its placeholders with name, meaning and example.");
        Must(
            (head.Placeholders ?? []).All(p => p.RequiredUnless is not { } other || !p.Required && head.Placeholders!.Any(o => o.Name == other && o != p)),
            "requiredUnless names another placeholder, and its own is not required.");
    }

    private static (Head Head, string Body) Split(string name, string text)
    {
        var normal = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        var end = normal.StartsWith("---\n", StringComparison.Ordinal) ? normal.IndexOf("\n---\n", 3, StringComparison.Ordinal) : -1;
        if (end < 0)
        {
            throw new InvalidDataException($"{name}: the header between two lines of --- is missing.");
        }

        try
        {
            return (Yaml.Deserialize<Head>(normal[4..end]), normal[(end + 5)..].Trim() + "\n");
        }
        catch (YamlDotNet.Core.YamlException broken)
        {
            throw new InvalidDataException($"{name}, line {broken.Start.Line + 1}: {broken.InnerException?.Message ?? broken.Message}", broken);
        }
    }

    private static IReadOnlyList<Figure> Figures(string table)
    {
        var name = $"{Root}{table}.csv";
        var figures = DataFile.Rows(name).Select(row => new Figure(
            row["id"], row["channel"], row["value"] is { Length: > 0 } value ? value : null, row["unit"], FrenchText.Typeset(row["source"]), row["date"],
            FrenchText.Typeset(row["note"]),
            row["conflicts_with"].Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        var byId = figures.ToDictionary(f => f.Id);
        foreach (var figure in figures)
        {
            if (figure.Source.Length == 0 || !IsDate(figure.Date))
            {
                throw new InvalidDataException($"{name}: {figure.Id} has no source or date.");
            }

            if (figure.ConflictsWith.FirstOrDefault(
                other => !byId.TryGetValue(other, out var there) || !there.ConflictsWith.Contains(figure.Id)) is { } oneSided)
            {
                throw new InvalidDataException($"{name}: the conflict of {figure.Id} with {oneSided} is not mutual.");
            }
        }

        return figures;
    }

    private static bool IsLaw(Source source) => source.Name!.StartsWith("Code ", StringComparison.Ordinal);

    private static string DateIs(Source source) =>
        source.ReadOn is not null ? "reading" : source.DecidedOn is not null ? "decision" : IsLaw(source) ? "version" : "publication";

    private static bool IsDate(string? text) => text is not null
        && DateOnly.TryParseExact(text, ["yyyy", "yyyy-MM", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static DateOnly Day(string name, string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : throw new InvalidDataException($"{name}: '{text}' is not a day.");

    /// <summary>The header as written; an unknown key is an error, since it is a typing error.</summary>
    private sealed class Head
    {
        public string? Id { get; init; }

        public string? Kind { get; init; }

        public string? Title { get; init; }

        public int Order { get; init; }

        public List<Source>? Source { get; init; }

        public string? Reviewed { get; init; }

        public string? Status { get; init; }

        public string? ValidatedBy { get; init; }

        public string? ValidatedOn { get; init; }

        public List<string>? Conflicts { get; init; }

        public string? Region { get; init; }

        public List<string>? AccessModes { get; init; }

        public bool? LetterAdvised { get; init; }

        public bool? LetterLegallyRequired { get; init; }

        public List<string>? Specialties { get; init; }

        public List<string>? Finess { get; init; }

        public string? Website { get; init; }

        public string? Address { get; init; }

        public string? Phone { get; init; }

        public List<string>? Needs { get; init; }

        public string? Table { get; init; }

        public List<Placeholder>? Placeholders { get; init; }
    }

    private sealed class Source
    {
        public string? Name { get; init; }

        public string? Url { get; init; }

        public string? Date { get; init; }

        /// <summary>For a page that bears no date.</summary>
        public string? ReadOn { get; init; }

        /// <summary>For a rule of this service.</summary>
        public string? DecidedOn { get; init; }
    }

    private sealed class Placeholder
    {
        public string? Name { get; init; }

        public string? Meaning { get; init; }

        public bool Required { get; init; }

        public string? Example { get; init; }

        public string? RequiredUnless { get; init; }

        public bool OnlyPassed { get; init; }
    }
}
