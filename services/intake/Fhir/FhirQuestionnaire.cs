using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Intake.Questionnaires;

namespace SecondOpinion.Intake.Fhir;

/// <summary>Questionnaires and answers as FHIR R4 resources, for other software: the same content, nothing more.</summary>
internal static class FhirQuestionnaire
{
    public const string MediaType = "application/fhir+json";
    private const string Base = "https://api.secondopinion.example/fhir";
    private const string Asked = "asked";

    public static JsonObject Of(Questionnaire questionnaire) => new()
    {
        ["resourceType"] = "Questionnaire",
        ["id"] = $"{questionnaire.Code.Replace('_', '-')}-v{questionnaire.Version}",
        ["url"] = Url(questionnaire.Code),
        ["version"] = questionnaire.Version.ToString(CultureInfo.InvariantCulture),
        ["name"] = string.Concat(questionnaire.Code.Split('_').Select(p => char.ToUpperInvariant(p[0]) + p[1..])),
        ["title"] = questionnaire.Title,
        ["status"] = "active",
        ["language"] = "fr-FR",
        ["subjectType"] = new JsonArray("Patient"),
        ["item"] = new JsonArray([.. questionnaire.Questions.Select(q => (JsonNode)Item(questionnaire, q))]),
    };

    /// <summary>
    /// One response to all that was asked. What was asked is contained: the general questionnaire and the family's as two groups, since a response answers one
    /// questionnaire, and its items must be that one's.
    /// </summary>
    /// <param name="patientId">The account, a pseudonym: no identity is in the resource.</param>
    /// <param name="parts">The general questionnaire and the family's, each with its version.</param>
    public static JsonObject Response(
        Guid caseId, Guid patientId, bool completed, IReadOnlyList<Questionnaire> parts, IReadOnlyDictionary<string, JsonElement> answers) => new()
        {
            ["resourceType"] = "QuestionnaireResponse",
            ["id"] = caseId.ToString(),
            ["contained"] = new JsonArray(new JsonObject
            {
                ["resourceType"] = "Questionnaire",
                ["id"] = Asked,
                ["derivedFrom"] = new JsonArray([.. parts.Select(part => (JsonNode)$"{Url(part.Code)}|{part.Version}")]),
                ["status"] = "active",
                ["language"] = "fr-FR",
                ["subjectType"] = new JsonArray("Patient"),
                ["item"] = new JsonArray([.. parts.Select(part => (JsonNode)Group(part, part.Questions.Select(q => (JsonNode)Item(part, q)), "group"))]),
            }),
            ["questionnaire"] = $"#{Asked}",
            ["status"] = completed ? "completed" : "in-progress",
            ["subject"] = new JsonObject { ["identifier"] = new JsonObject { ["system"] = "urn:ietf:rfc:3986", ["value"] = $"urn:uuid:{patientId}" } },
            ["item"] =
                new JsonArray([.. parts.Select(part => (JsonNode)Group(part, Answered(part, answers))).Where(group => group["item"]!.AsArray().Count > 0)]),
        };

    /// <param name="type">Given in a questionnaire only.</param>
    private static JsonObject Group(Questionnaire part, IEnumerable<JsonNode> items, string? type = null)
    {
        var group = new JsonObject { ["linkId"] = part.Code, ["text"] = part.Title, ["item"] = new JsonArray([.. items]) };
        if (type is not null)
        {
            group["type"] = type;
        }

        return group;
    }

    private static string Url(string code) => $"{Base}/Questionnaire/{code.Replace('_', '-')}";

    private static JsonObject Item(Questionnaire questionnaire, Question question)
    {
        var item = new JsonObject
        {
            ["linkId"] = question.Id,
            ["text"] = question.Text,
            ["type"] = question.Type switch
            {
                QuestionKind.Choice or QuestionKind.MultiChoice => "choice",
                QuestionKind.Text => "text",
                QuestionKind.Boolean => "boolean",
                QuestionKind.Integer => "integer",
                QuestionKind.Decimal => "decimal",
                QuestionKind.Date => "date",
                _ => "quantity",
            },
            ["required"] = question.Required,
        };
        if (question.Type == QuestionKind.MultiChoice)
        {
            item["repeats"] = true;
        }

        if (question.MaxLength is { } length)
        {
            item["maxLength"] = length;
        }

        if (question.EnabledWhen is { } condition)
        {
            item["enableWhen"] = new JsonArray(EnableWhen(questionnaire, condition));
        }

        if (question.Options is { } options)
        {
            item["answerOption"] =
                new JsonArray([.. options.Select(o => (JsonNode)new JsonObject { ["valueCoding"] = Coding(questionnaire, question, o.Code) })]);
        }

        var extensions = Extensions(question).ToArray();
        if (extensions.Length > 0)
        {
            item["extension"] = new JsonArray(extensions);
        }

        return item;
    }

    private static IEnumerable<JsonNode> Extensions(Question question)
    {
        if (question.Unit is { } unit)
        {
            yield return new JsonObject
            {
                ["url"] = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit",
                ["valueCoding"] = new JsonObject { ["system"] = Ucum.System, ["code"] = Ucum.CodeOf(unit), ["display"] = unit },
            };
        }

        foreach (var (name, limit) in new[] { ("minValue", question.Min), ("maxValue", question.Max) })
        {
            if (limit is { } value)
            {
                yield return new JsonObject
                {
                    ["url"] = $"http://hl7.org/fhir/StructureDefinition/{name}",
                    [question.Type == QuestionKind.Integer ? "valueInteger" : "valueDecimal"] = question.Type == QuestionKind.Integer
                        ? JsonValue.Create((int)value)
                        : JsonValue.Create(value),
                };
            }
        }

        yield return new JsonObject { ["url"] = $"{Base}/StructureDefinition/simplified-text", ["valueString"] = question.Simple };
    }

    private static JsonObject EnableWhen(Questionnaire questionnaire, Condition condition)
    {
        var when = new JsonObject { ["question"] = condition.Question, ["operator"] = "=" };
        if (condition.EqualTo.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            when["answerBoolean"] = condition.EqualTo.GetBoolean();
        }
        else
        {
            when["answerCoding"] = Coding(questionnaire, questionnaire.Find(condition.Question)!, condition.EqualTo.GetString()!);
        }

        return when;
    }

    private static JsonObject Coding(Questionnaire questionnaire, Question question, string code) => new()
    {
        ["system"] = $"{Base}/CodeSystem/{questionnaire.Code.Replace('_', '-')}-{question.Id.Replace('_', '-')}",
        ["code"] = code,
        ["display"] = question.Options!.First(o => o.Code == code).Text,
    };

    private static IEnumerable<JsonNode> Answered(Questionnaire part, IReadOnlyDictionary<string, JsonElement> answers)
    {
        foreach (var question in part.Questions)
        {
            if (AnswerRules.Text(question, answers) is null)
            {
                continue;
            }

            var value = answers[question.Id];
            JsonObject[] given = question.Type switch
            {
                QuestionKind.MultiChoice =>
                    [.. value.EnumerateArray().Select(o => new JsonObject { ["valueCoding"] = Coding(part, question, o.GetString()!) })],
                QuestionKind.Choice => [new JsonObject { ["valueCoding"] = Coding(part, question, value.GetString()!) }],
                QuestionKind.Boolean => [new JsonObject { ["valueBoolean"] = value.GetBoolean() }],
                // 7.0 is a whole number too, but not to GetInt32.
                QuestionKind.Integer => [new JsonObject { ["valueInteger"] = (long)value.GetDecimal() }],
                QuestionKind.Decimal => [new JsonObject { ["valueDecimal"] = value.GetDecimal() }],
                QuestionKind.Date => [new JsonObject { ["valueDate"] = value.GetString() }],
                QuestionKind.Text => [new JsonObject { ["valueString"] = value.GetString() }],
                _ => [new JsonObject { ["valueQuantity"] = new JsonObject
                {
                    ["value"] = value.GetDecimal(),
                    ["unit"] = question.Unit,
                    ["system"] = Ucum.System,
                    ["code"] = Ucum.CodeOf(question.Unit!),
                } }],
            };
            yield return new JsonObject { ["linkId"] = question.Id, ["text"] = question.Text, ["answer"] = new JsonArray([.. given]) };
        }
    }
}
