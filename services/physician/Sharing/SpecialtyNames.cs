using System.Collections.Frozen;
using System.Reflection;

namespace SecondOpinion.Physician.Sharing;

/// <summary>French names of the specialties, from the project's table.</summary>
internal static class SpecialtyNames
{
    private static readonly FrozenDictionary<string, string> Names = Load();

    public static string Of(string code) => Names.GetValueOrDefault(code, code);

    private static FrozenDictionary<string, string> Load()
    {
        using var table = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("Sharing/specialties.csv")!);
        return table.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(';'))
            .ToFrozenDictionary(row => row[0], row => row[1]);
    }
}
