using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Money;

/// <summary>Files that banks and insurers read, as they were when they were last judged by the published schemas (docs/data-sources.md).</summary>
internal static class Golden
{
    /// <param name="name">In <c>tests/Billing/Golden</c>.</param>
    /// <param name="content">What the code writes now.</param>
    public static void Is(string name, string content)
    {
        var file = Path.Combine(Sources.Root, "tests", "Billing", "Golden", name);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(file, content);
        }

        content.ShouldBe(File.ReadAllText(file), $"{name} changed: judge it by its schema anew, then record it with UPDATE_GOLDEN=1");
    }
}
