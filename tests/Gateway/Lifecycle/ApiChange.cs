using System.Globalization;

namespace SecondOpinion.Tests.Gateway.Lifecycle;

/// <summary>One difference between two surfaces.</summary>
/// <param name="IsBreaking">A client that worked may not work any more.</param>
/// <param name="Text">For the changelog.</param>
internal sealed record ApiChange(bool IsBreaking, string Text)
{
    private static readonly string[] Upper = ["maxLength", "maxItems", "maximum"];
    private static readonly string[] Lower = ["minLength", "minItems", "minimum"];

    /// <summary>
    /// What a client sends may be asked for less strictly, and what it reads may be told more of; never the other way round. Members that are not known are
    /// refused in requests and to be ignored in answers (docs/lifecycle.md), so one may be added to either and taken from none.
    /// </summary>
    public static IReadOnlyList<ApiChange> Between(IReadOnlyDictionary<string, Fact> before, IReadOnlyDictionary<string, Fact> after)
    {
        var changes = new List<ApiChange>();
        foreach (var (about, _) in before.Where(f => !after.ContainsKey(f.Key) && !IsPartOf(f.Key, before, after)))
        {
            changes.Add(new(IsBreaking: true, $"Removed: {about}"));
        }

        foreach (var (about, fact) in after.Where(f => !before.ContainsKey(f.Key) && !IsPartOf(f.Key, after, before)))
        {
            var isBreaking = fact is { Direction: "request", IsRequired: true };
            var name = fact.Traits.TryGetValue("name", out var operation) ? $" ({operation})" : "";
            changes.Add(new(isBreaking, $"{(isBreaking ? "Now required" : "Added")}: {about}{name}"));
        }

        foreach (var (about, fact) in after)
        {
            if (before.TryGetValue(about, out var former))
            {
                changes.AddRange(Of(about, former, fact));
            }
        }

        return changes;
    }

    private static IEnumerable<ApiChange> Of(string about, Fact before, Fact after)
    {
        var isRequest = after.Direction == "request";
        if (before.IsRequired != after.IsRequired)
        {
            yield return new(isRequest == after.IsRequired, $"{(after.IsRequired ? "Now required" : "Now optional")}: {about}");
        }

        foreach (var trait in before.Traits.Keys.Union(after.Traits.Keys).Order(StringComparer.Ordinal))
        {
            var (was, now) = (before.Traits.GetValueOrDefault(trait), after.Traits.GetValueOrDefault(trait));
            if (was != now)
            {
                yield return new(IsBreakingTrait(trait, was, now, isRequest, after.Direction), $"Changed: {about}: {trait} {was ?? "none"} → {now ?? "none"}");
            }
        }
    }

    private static bool IsBreakingTrait(string trait, string? was, string? now, bool isRequest, string direction) => trait switch
    {
        // Generated clients call an operation by its name.
        "name" => true,
        // A type more to send, or a value more to be taken, does not hurt who sends the former ones; a type more to be read does.
        "type" => isRequest ? Parts(was).Except(Parts(now)).Any() : Parts(now).Except(Parts(was)).Any(),
        // Closed lists of answers may grow: clients are told to expect it.
        "enum" => isRequest && now is not null && (was is null || Parts(was).Except(Parts(now)).Any()),
        _ when !isRequest => direction == "answer" && trait == "format",
        _ when now is null => false,
        _ when was is null => true,
        _ when Upper.Contains(trait) => Number(now) < Number(was),
        _ when Lower.Contains(trait) => Number(now) > Number(was),
        _ => true,
    };

    private static string[] Parts(string? list) => list?.Split('|') ?? [];

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Told with the operation, or the type, that it belongs to.</summary>
    private static bool IsPartOf(string about, IReadOnlyDictionary<string, Fact> there, IReadOnlyDictionary<string, Fact> elsewhere) =>
        there.Keys.Any(whole => whole.Length < about.Length && about.StartsWith(whole, StringComparison.Ordinal) && about[whole.Length] is ' ' or '.'
            && !elsewhere.ContainsKey(whole));
}
