using System.Text.Json.Nodes;

namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>How the API description shows a refusal; the gateway adds its own in the same form.</summary>
public static class ProblemExample
{
    /// <summary>One line of the list of refusals of a status.</summary>
    public static string Line(ProblemType type) => $"- `{type.Code}` {type.Title}";

    /// <summary>An English answer of this kind.</summary>
    public static JsonObject Body(ProblemType type)
    {
        var common = CommonProblems.ForStatus(type.Status);
        var body = new JsonObject
        {
            ["type"] = $"https://api.secondopinion.example/problems/{type.Code}",
            ["title"] = type.Title,
            ["status"] = type.Status,
            ["detail"] = common.Type == type ? common.Detail : $"{type.Title}.",
            ["code"] = type.Code,
            ["traceId"] = "4bf92f3577b34da6a3ce929d0e0e4736",
        };
        if (type == CommonProblems.InvalidInput)
        {
            body["errors"] = new JsonArray(new JsonObject { ["pointer"] = "#/birthDate", ["code"] = "not_a_date", ["detail"] = Text.Dates.DateFrench });
        }

        return body;
    }
}
