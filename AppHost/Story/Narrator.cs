using System.Diagnostics;

namespace SecondOpinion.AppHost.Story;

/// <summary>Tells the story: one line a step, with what was decided and how long it took.</summary>
internal sealed class Narrator
{
    private readonly Stopwatch _step = Stopwatch.StartNew();

    public void Title(string text)
    {
        Console.WriteLine(text);
        _step.Restart();
    }

    public void Step(string name, string decided)
    {
        Console.WriteLine($"  ✓ {name,-22} {decided}  ({_step.ElapsedMilliseconds} ms)");
        _step.Restart();
    }

    public void Failed(string name, string why)
    {
        Console.WriteLine($"  ✗ {name,-22} {why}");
        _step.Restart();
    }
}
