namespace SecondOpinion.ServiceDefaults.Description;

/// <summary>The closed list of codes that a member or parameter takes, read from the table that judges it.</summary>
/// <param name="owner">The type that holds the table.</param>
/// <param name="member">A static member: the codes, or a dictionary by code.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class CodesAttribute(Type owner, string member) : Attribute
{
    /// <exception cref="InvalidOperationException">The member is no list of codes.</exception>
    public IReadOnlyList<string> Read()
    {
        const System.Reflection.BindingFlags Static =
            System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic;
        var value = owner.GetField(member, Static)?.GetValue(null) ?? owner.GetProperty(member, Static)?.GetValue(null);
        return value switch
        {
            IEnumerable<string> codes => [.. codes],
            System.Collections.IDictionary table => [.. table.Keys.Cast<string>()],
            _ => throw new InvalidOperationException($"{owner.Name}.{member} is no list of codes."),
        };
    }
}

/// <summary>Longest text of each element of a list, in characters.</summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class EachMaxLengthAttribute(int characters) : Attribute
{
    public int Characters => characters;
}

/// <summary>
/// A form that another rule knows (<c>nir</c>, <c>rpps</c>, <c>finess</c>, <c>amc</c>, <c>insee-commune</c>…): OpenAPI's format is an open list. No pattern:
/// people type blanks and dots into identifiers, and the rule drops them.
/// </summary>
/// <param name="name">The form.</param>
/// <param name="example">A fictitious value that would be taken.</param>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class FormAttribute(string name, string example) : Attribute
{
    public string Name => name;

    public string Example => example;
}
