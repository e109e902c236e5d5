using System.Text.Json;
using System.Text.RegularExpressions;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Tests.Conventions;

/// <summary>How features look, in every service alike.</summary>
public sealed partial class HabitTests
{
    /// <summary>Nobody outside needs a service's types; only its entry point is seen by tests.</summary>
    [Fact]
    public void Features_are_sealed_and_internal()
    {
        var types = Code.Services.SelectMany(Code.TypesOf).ToList();
        types.Count.ShouldBeGreaterThan(300);
        types.Where(t => t.IsVisible).ShouldBeEmpty("internal");
        types.Where(t => t is { IsClass: true, IsSealed: false, IsAbstract: false }).ShouldBeEmpty("sealed");
    }

    /// <summary>It could not be named without both, and a reader would never know which is meant.</summary>
    [Fact]
    public void No_class_is_named_like_its_namespace() => Code.Architecture.Types
        .Where(t => t.FullName.StartsWith("SecondOpinion.", StringComparison.Ordinal) && t.Namespace.FullName.Split('.')[^1] == t.Name)
        .Select(t => t.FullName).ShouldBeEmpty();

    [Fact]
    public void A_consumer_is_named_for_what_it_does_not_for_what_it_hears()
    {
        var consumers = Code.Services.SelectMany(Code.TypesOf)
            .Select(t => (Type: t, Heard: t.GetInterfaces()
                .Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IHandle<>)).Select(i => i.GenericTypeArguments[0].Name).ToList()))
            .Where(c => c.Heard.Count > 0).ToList();
        consumers.Count.ShouldBeGreaterThan(15);
        consumers.Where(c => GenericName().IsMatch(c.Type.Name) || c.Heard.Any(e => c.Type.Name.Contains(e, StringComparison.Ordinal)))
            .Select(c => c.Type.Name).ShouldBeEmpty();
    }

    /// <summary>One that is made to ask for all the memory ends by itself, before its neighbours do.</summary>
    [Theory]
    [InlineData("Gateway")]
    [InlineData("Intake")]
    [InlineData("Matching")]
    [InlineData("Physician")]
    [InlineData("Billing")]
    [InlineData("Reporting")]
    [InlineData("Identity")]
    public void A_service_has_a_limit_to_its_heap(string service)
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, $"SecondOpinion.{service}.runtimeconfig.json")));
        settings.RootElement.GetProperty("runtimeOptions").GetProperty("configProperties").GetProperty("System.GC.HeapHardLimit").GetInt64()
            .ShouldBeInRange(256L << 20, 4L << 30);
    }

    /// <summary>
    /// What stands in the braces of an interpolated statement is a piece of SQL of ours: a constant, or the name of a roster's
    /// table. A value goes as a parameter.
    /// </summary>
    [Fact]
    public void No_value_is_written_into_sql()
    {
        var statements = Directory.EnumerateFiles(Path.Combine(Code.Root, "services"), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Path.Combine(Code.Root, "ServiceDefaults"), "*.cs", SearchOption.AllDirectories))
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal))
            .SelectMany(f => Interpolated().Matches(File.ReadAllText(f)).Select(m => (File: Path.GetFileName(f), Text: m.Value)))
            .Where(s => Statement().IsMatch(s.Text)).ToList();
        statements.Count.ShouldBeGreaterThan(15, "the search still finds statements");
        var holes = statements.SelectMany(s => Hole().Matches(s.Text).Select(h => $"{s.File}: {h.Groups[1].Value}")).Distinct();
        holes.Where(h => !Piece().IsMatch(h)).Order(StringComparer.Ordinal).ShouldBe(TableNames);
    }

    /// <summary>Names of the tables that billing makes itself, one for each roster version, and of their columns; and a limit
    /// of time of the code's own.</summary>
    private static readonly string[] TableNames =
    [
        "BeneficiaryIndex.cs: (first.ByHolder ? \"holder\" : \"key\")", "BeneficiaryIndex.cs: first.Roster.Table", "DropOldRosters.cs: table",
        "Migrations.cs: LockTimeout.TotalMilliseconds:0", "RosterTable.cs: IndexName(table, \"holder\")", "RosterTable.cs: IndexName(table, \"key\")",
        "RosterTable.cs: columns", "RosterTable.cs: from", "RosterTable.cs: name", "RosterTable.cs: table", "RosterTable.cs: to",
    ];

    [GeneratedRegex("Handler$|Consumer$|Listener$|Subscriber$|Observer$|^On[A-Z]|^Handle|^Process|^Consume")]
    private static partial Regex GenericName();

    [GeneratedRegex("\\$\"\"\"[\\s\\S]*?\"\"\"|\\$\"(?!\"\")(?:\\\\.|[^\"\\\\\\n])*\"")]
    private static partial Regex Interpolated();

    [GeneratedRegex("^\\$\"+\\s*(?:select|insert|update|delete|with|create|drop|alter|copy|set|notify|listen|lock)\\s")]
    private static partial Regex Statement();

    [GeneratedRegex("\\{([^{}]+)\\}")]
    private static partial Regex Hole();

    /// <summary>A constant of the code, by its name.</summary>
    [GeneratedRegex(@"^\S+: (?:[A-Z]\w*\.)?[A-Z]\w*$")]
    private static partial Regex Piece();
}
