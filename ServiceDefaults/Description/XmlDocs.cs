using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SecondOpinion.ServiceDefaults.Description;

/// <summary>
/// The documentation comments of our own assemblies, from the XML files that the compiler puts beside them. The framework's own reader is a source generator
/// that looks for <c>AddOpenApi</c> in the project that holds the comments, and sees no private handler; ours is called once for all services.
/// </summary>
internal static partial class XmlDocs
{
    private static readonly ConcurrentDictionary<Assembly, IReadOnlyDictionary<string, XElement>> Files = new();

    /// <summary>The summary of a type; of <c>Page&lt;X&gt;</c> that of <c>Page&lt;T&gt;</c>.</summary>
    public static string? Summary(Type type) => Text(Of(type)?.Element("summary"));

    /// <summary>A property's own summary or, in a record, the sentence of its parameter.</summary>
    public static string? Summary(PropertyInfo property)
    {
        var owner = property.DeclaringType!;
        return Text(Find(owner.Assembly, $"P:{IdOf(owner)}.{property.Name}")?.Element("summary")) ?? Text(Parameter(Of(owner), property.Name));
    }

    /// <summary>The summary of one value of an enum.</summary>
    public static string? Summary(Type type, string value) => Text(Find(type.Assembly, $"F:{IdOf(type)}.{value}")?.Element("summary"));

    /// <summary>The sentence of a handler's parameter; null when there is none.</summary>
    public static string? Parameter(MethodInfo method, string name) => Text(Parameter(Of(method), name));

    /// <summary>What a handler says that it answers.</summary>
    public static string? Returns(MethodInfo method) => Text(Of(method)?.Element("returns"));

    private static XElement? Parameter(XElement? member, string name) =>
        member?.Elements("param").FirstOrDefault(p => string.Equals((string?)p.Attribute("name"), name, StringComparison.OrdinalIgnoreCase));

    private static XElement? Of(Type type) => Find(type.Assembly, $"T:{IdOf(type)}");

    /// <summary>By name alone: two handlers of one name in one class would share their sentences, so there are none.</summary>
    private static XElement? Of(MethodInfo method)
    {
        var id = $"M:{IdOf(method.DeclaringType!)}.{method.Name}";
        return Members(method.DeclaringType!.Assembly).FirstOrDefault(m => m.Key == id || m.Key.StartsWith(id + "(", StringComparison.Ordinal)).Value;
    }

    private static XElement? Find(Assembly assembly, string id) => Members(assembly).GetValueOrDefault(id);

    private static IReadOnlyDictionary<string, XElement> Members(Assembly assembly) => Files.GetOrAdd(assembly, static read =>
    {
        var file = Path.ChangeExtension(read.Location, ".xml");
        return read.GetName().Name?.StartsWith("SecondOpinion.", StringComparison.Ordinal) == true && File.Exists(file)
            ? XDocument.Load(file).Descendants("member").ToDictionary(m => (string)m.Attribute("name")!)
            : new Dictionary<string, XElement>();
    });

    private static string IdOf(Type type) => (type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!.Replace('+', '.');

    private static string? Text(XElement? element)
    {
        if (element is null)
        {
            return null;
        }

        var text = new StringBuilder();
        Append(text, element);
        var clean = Blanks().Replace(text.ToString(), " ").Trim();
        return clean.Length == 0 ? null : clean;
    }

    private static void Append(StringBuilder text, XElement element)
    {
        foreach (var node in element.Nodes())
        {
            switch (node)
            {
                case XText words:
                    text.Append(words.Value);
                    break;
                case XElement { Name.LocalName: "c" or "code" } code:
                    text.Append('`').Append(code.Value).Append('`');
                    break;
                case XElement { Name.LocalName: "see" or "seealso" } see:
                    text.Append('`').Append((string?)see.Attribute("langword") ?? Target((string?)see.Attribute("cref") ?? see.Value)).Append('`');
                    break;
                case XElement { Name.LocalName: "paramref" or "typeparamref" } reference:
                    text.Append('`').Append((string?)reference.Attribute("name")).Append('`');
                    break;
                case XElement inner:
                    Append(text, inner);
                    break;
            }
        }
    }

    /// <summary>A type by its name, a member as JSON names it.</summary>
    private static string Target(string cref)
    {
        var path = cref.Split('(')[0];
        var name = path[(path.LastIndexOf('.') + 1)..];
        return path.StartsWith("P:", StringComparison.Ordinal) || path.StartsWith("F:", StringComparison.Ordinal)
            ? JsonNamingPolicy.CamelCase.ConvertName(name) : name;
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
