using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>
/// <c>RespectNullableAnnotations</c> looks at members, not at what a list holds: <c>["a", null]</c> would pass as a list of strings that are never null. Here a
/// list or dictionary whose elements are not annotated as nullable refuses them while it is read, as a null member is refused.
/// </summary>
internal static class NoNullElements
{
    public static void Check(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        var checkedMembers = type.Properties.Where(p => p.Get is not null && HoldsNoNulls(p)).ToList();
        if (checkedMembers.Count == 0)
        {
            return;
        }

        var before = type.OnDeserialized;
        type.OnDeserialized = value =>
        {
            before?.Invoke(value);
            foreach (var member in checkedMembers)
            {
                Refuse(member.Name, member.Get!(value));
            }
        };
    }

    private static void Refuse(string member, object? value)
    {
        var elements = value is IDictionary dictionary ? dictionary.Values : value as IEnumerable;
        var index = 0;
        foreach (var element in elements ?? Array.Empty<object>())
        {
            if (element is null)
            {
                throw new NullElementException(member, index);
            }

            index++;
        }
    }

    /// <summary>Thrown without a path: the reader adds that of the object which holds the list.</summary>
    internal sealed class NullElementException(string member, int index) : JsonException($"An element of {member} is null.")
    {
        public string Element => $"/{member}/{index}";
    }

    private static bool HoldsNoNulls(JsonPropertyInfo property)
    {
        if (property.PropertyType == typeof(string) || !typeof(IEnumerable).IsAssignableFrom(property.PropertyType)
            || property.AttributeProvider is not PropertyInfo declared)
        {
            return false;
        }

        var info = new NullabilityInfoContext().Create(declared);
        var element = info.ElementType ?? info.GenericTypeArguments.LastOrDefault();
        return element is { ReadState: NullabilityState.NotNull, Type.IsValueType: false };
    }
}
