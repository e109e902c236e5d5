using System.Text.Json;
using System.Text.Json.Serialization;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>A value of a JSON body that no rule takes, with the sentence for it; the reader adds where it stands.</summary>
internal sealed class ValueException(string code, string english, string french) : JsonException(english)
{
    public string Code { get; } = code;

    public string French { get; } = french;

    public static ValueException Of(PlainText.Fault fault) => new(fault.Code, fault.English, fault.French);
}

/// <summary>Every text of every JSON body passes here, and so do the names of free members.</summary>
internal sealed class TextJson : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? Text(ref reader) : throw new JsonException("The JSON value could not be converted to System.String.");

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Text(ref reader);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);

    internal static string Text(ref Utf8JsonReader reader)
    {
        string text;
        try
        {
            text = reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Bytes that are no UTF-8, or half of an escaped character.
            throw ValueException.Of(PlainText.Broken);
        }

        return PlainText.Clean(text, out var clean) is { } fault ? throw ValueException.Of(fault) : clean;
    }
}

/// <summary>Members whose form the endpoint judges itself (answers of a questionnaire): their texts pass the same rule.</summary>
internal sealed class ElementJson : JsonConverter<JsonElement>
{
    public override JsonElement Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var copy = new MemoryStream();
        using (var writer = new Utf8JsonWriter(copy))
        {
            Copy(ref reader, writer);
        }

        return JsonElement.Parse(copy.ToArray());
    }

    public override void Write(Utf8JsonWriter writer, JsonElement value, JsonSerializerOptions options) => value.WriteTo(writer);

    private static void Copy(ref Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        var depth = reader.CurrentDepth;
        do
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    writer.WritePropertyName(TextJson.Text(ref reader));
                    break;
                case JsonTokenType.String:
                    writer.WriteStringValue(TextJson.Text(ref reader));
                    break;
                default:
                    writer.WriteRawValue(
                        reader.HasValueSequence ? System.Buffers.BuffersExtensions.ToArray(reader.ValueSequence) : reader.ValueSpan, skipInputValidation: true);
                    break;
            }
        }
        while ((reader.CurrentDepth > depth || reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) && reader.Read());
    }
}

/// <summary>A moment names its offset: without one nobody knows which it is, and a machine's own zone would decide.</summary>
internal sealed class MomentJson : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Dates.TryMoment(TextJson.Text(ref reader), out var moment)
            ? moment
            : throw new ValueException("not_a_moment", Dates.MomentEnglish, Dates.MomentFrench);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

internal sealed class UuidJson : JsonConverter<Guid>
{
    public override Guid Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Guid.TryParseExact(TextJson.Text(ref reader), "D", out var id)
            ? id
            : throw new ValueException(
                "not_a_uuid", "A UUID in quotes is expected, e.g. \"0199a1b2-0000-7000-8000-000000000001\".",
                "Un identifiant UUID entre guillemets est attendu, par exemple \"0199a1b2-0000-7000-8000-000000000001\".");

    public override void Write(Utf8JsonWriter writer, Guid value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

internal sealed class DateJson : JsonConverter<DateOnly>
{
    public override DateOnly Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Dates.TryDate(TextJson.Text(ref reader), out var date)
            ? date
            : throw new ValueException("not_a_date", Dates.DateEnglish, Dates.DateFrench);

    public override void Write(Utf8JsonWriter writer, DateOnly value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
}
