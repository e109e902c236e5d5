using System.Reflection;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace SecondOpinion.Tests.Conventions;

/// <summary>Everything of ours that runs, with all that each type uses, in the bodies of its methods too.</summary>
internal static class Code
{
    public static readonly string[] Services = ["Intake", "Matching", "Physician", "Billing", "Reporting"];

    private static readonly Assembly[] Assemblies =
        [.. Services.Append("Gateway").Append("ServiceDefaults").Append("Contracts").Select(n => Assembly.Load($"SecondOpinion.{n}"))];

    public static readonly Architecture Architecture = new ArchLoader().LoadAssemblies(Assemblies).Build();

    public static string Root { get; } =
        typeof(Code).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>The types of a service by reflection, without what the compiler adds.</summary>
    public static IEnumerable<System.Type> TypesOf(string service) => Assembly.Load($"SecondOpinion.{service}").GetTypes()
        .Where(t => t.Namespace?.StartsWith($"SecondOpinion.{service}", StringComparison.Ordinal) == true && !t.Name.Contains('<', StringComparison.Ordinal)
            && t.DeclaringType?.Name.Contains('<', StringComparison.Ordinal) != true);
}
