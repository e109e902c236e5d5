using System.Text.Json;
using System.Text.RegularExpressions;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>
/// Turns what the JSON reader says into which member is at fault, which form it has, and what to do. What the person typed as a value is never repeated.
/// </summary>
internal static partial class UnreadableJson
{
    public static Problem Of(JsonException json)
    {
        var pointer = Pointer(json.Path) + (json as NoNullElements.NullElementException)?.Element;
        var (code, english, french) = Sentence(json, pointer);
        return CommonProblems.BadRequest.Because(english, french, new FieldError(pointer, code, french));
    }

    private static string Pointer(string? path) =>
        "#" + (path ?? "$")[1..].Replace('.', '/').Replace("['", "/", StringComparison.Ordinal).Replace("']", "", StringComparison.Ordinal)
            .Replace("[", "/", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);

    private static (string Code, string English, string French) Sentence(JsonException json, string pointer)
    {
        if (json is ValueException value)
        {
            return (value.Code, $"{pointer}: {value.Message}", $"{pointer} : {value.French}");
        }

        // The reader's own words are fixed for a framework version; a test holds one example of each.
        var message = json.Message;
        if (json.InnerException is InvalidOperationException inner && inner.Message.Contains("UTF-", StringComparison.Ordinal)
            || message.Contains("invalid UTF-8", StringComparison.OrdinalIgnoreCase) || OtherEncoding().IsMatch(message))
        {
            return (PlainText.Broken.Code, $"{pointer}: {PlainText.Broken.English}", $"{pointer} : {PlainText.Broken.French}");
        }

        if (Unmapped().Match(message) is { Success: true } unmapped)
        {
            var name = Name(unmapped.Groups["name"].Value);
            return ("unknown_member", $"There is no member {name} here ({pointer}). Remove it, or check its spelling, capitals included, in /docs.",
                $"Le membre {name} n'existe pas ici ({pointer}). Retirez-le, ou vérifiez son orthographe, majuscules comprises, dans /docs.");
        }

        if (Missing().Match(message) is { Success: true } missing)
        {
            var names = string.Join(", ", missing.Groups["names"].Value.Split(',').Select(n => Name(n.Trim().Trim('\'', '.'))));
            return ("missing_member", $"These members are missing at {pointer}: {names}. Add them.", $"Il manque à {pointer} : {names}. Ajoutez-les.");
        }

        if (message.Contains("uplicate", StringComparison.Ordinal))
        {
            return ("doubled_member", $"A member stands twice at {pointer}. Keep one.", $"Un membre figure deux fois à {pointer}. N'en gardez qu'un.");
        }

        if (message.Contains("null", StringComparison.Ordinal))
        {
            return ("null_not_allowed", $"{pointer} may not be null: give a value, or leave the member out where it is optional.",
                $"{pointer} ne peut pas être null : donnez une valeur, ou retirez le membre s'il est facultatif.");
        }

        if (Converted().Match(message) is { Success: true } converted)
        {
            var (form, forme) = json.InnerException?.Message is { } token && token.Contains("as a number", StringComparison.Ordinal)
                ? ("a number without quotes", "un nombre, sans guillemets")
                : json.InnerException?.Message.Contains("as a boolean", StringComparison.Ordinal) == true
                    ? ("true or false, without quotes", "true ou false, sans guillemets")
                : Form(converted.Groups["type"].Value);
            return ("wrong_type", $"{pointer} must be {form}.", $"{pointer} doit être {forme}.");
        }

        return ("not_json",
            $"The body is not JSON from line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1} on: look for a missing quote, comma or bracket.",
            $"Le corps n'est plus du JSON à partir de la ligne {json.LineNumber + 1}, octet {json.BytePositionInLine + 1} : cherchez un guillemet, une "
                + "virgule ou une accolade qui manque.");
    }

    /// <summary>A member's name as the description writes it; anything else is what somebody typed, and stays unsaid.</summary>
    private static string Name(string name) => Identifier().IsMatch(name) ? $"« {char.ToLowerInvariant(name[0])}{name[1..]} »" : "« … »";

    private static (string English, string French) Form(string type) => type switch
    {
        _ when type.Contains("System.String", StringComparison.Ordinal) && !type.Contains('`') => ("a text in quotes", "un texte entre guillemets"),
        _ when type.Contains("Guid", StringComparison.Ordinal) => ("a UUID in quotes", "un identifiant UUID entre guillemets"),
        _ when type.Contains("Boolean", StringComparison.Ordinal) => ("true or false, without quotes", "true ou false, sans guillemets"),
        _ when type.Contains("Int", StringComparison.Ordinal) && type.Contains("System.", StringComparison.Ordinal) =>
            ("a whole number without quotes", "un nombre entier, sans guillemets"),
        _ when type.Contains("Decimal", StringComparison.Ordinal) || type.Contains("Double", StringComparison.Ordinal) =>
            ("a number without quotes", "un nombre, sans guillemets"),
        _ when type.Contains("List", StringComparison.Ordinal) || type.Contains("[]", StringComparison.Ordinal) =>
            ("a list in square brackets", "une liste entre crochets"),
        _ when type.Contains("Dictionary", StringComparison.Ordinal) => ("an object in braces", "un objet entre accolades"),
        _ when System.Type.GetType(type) is null && type.Length > 0 =>
            ("of the form that /docs describes (an object in braces, or one of its codes)",
                "de la forme décrite dans /docs (un objet entre accolades, ou l'un de ses codes)"),
        _ => ("of the form that /docs describes", "de la forme décrite dans /docs"),
    };

    /// <summary>UTF-16 or UTF-32, by its mark or by the zero after the first brace.</summary>
    [GeneratedRegex(@"\A'0x(FF|FE|00)' is an invalid start")]
    private static partial Regex OtherEncoding();

    [GeneratedRegex(@"JSON property '(?<name>.*?)' could not be mapped", RegexOptions.Singleline)]
    private static partial Regex Unmapped();

    [GeneratedRegex(@"missing required properties,? including:? (?<names>.*)", RegexOptions.Singleline)]
    private static partial Regex Missing();

    [GeneratedRegex(@"could not be converted to (?<type>[^ ]+?)\.(?: |$)")]
    private static partial Regex Converted();

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9]{0,59}\z")]
    private static partial Regex Identifier();
}
