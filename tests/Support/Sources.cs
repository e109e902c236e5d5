using System.Runtime.CompilerServices;

namespace SecondOpinion.Tests.Support;

/// <summary>The project's own source files, for rules that no compiler checks.</summary>
public static class Sources
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", ".."));

    /// <param name="folders">Of the root.</param>
    public static IEnumerable<string> Of(params string[] folders) =>
        folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
