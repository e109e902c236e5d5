using System.Globalization;
using System.Text.Json;

namespace Aspire.Hosting.Running;

/// <summary>A line for people: .NET's JSON console is made for machines.</summary>
internal static class LogText
{
    /// <returns>Time, level, category and message of a JSON log line; any other line as it is.</returns>
    public static string Readable(string line)
    {
        if (!line.StartsWith("{\"", StringComparison.Ordinal))
        {
            return line;
        }

        try
        {
            using var json = JsonDocument.Parse(line);
            if (Text(json, "LogLevel") is not { } level || Text(json, "Message") is not { } message)
            {
                return line;
            }

            var time = DateTimeOffset.TryParse(Text(json, "Timestamp"), CultureInfo.InvariantCulture, out var moment)
                ? moment.ToString("HH:mm:ss.fff ", CultureInfo.InvariantCulture)
                : Text(json, "Timestamp");
            var exception = Text(json, "Exception") is { Length: > 0 } text ? "\n      " + text : "";
            return $"{time}{Short(level)}: {Text(json, "Category")} {message}{exception}";
        }
        catch (JsonException)
        {
            // It only looked like one.
            return line;
        }
    }

    private static string? Text(JsonDocument json, string name) =>
        json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Short(string level) => level switch
    {
        "Trace" => "trce",
        "Debug" => "dbug",
        "Warning" => "warn",
        "Error" => "fail",
        "Critical" => "crit",
        _ => "info",
    };
}
