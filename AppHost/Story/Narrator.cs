using System.Diagnostics;

namespace SecondOpinion.AppHost.Story;

/// <summary>Tells the story: one line a step, with what was decided and how long it took.</summary>
/// <param name="output">Where to.</param>
/// <param name="told">Hears the name of each step that has succeeded; tests disturb the system in the middle of the story.</param>
internal sealed class Narrator(TextWriter output, Action<string>? told = null)
{
    private readonly Stopwatch _step = Stopwatch.StartNew();

    public void Title(string text)
    {
        output.WriteLine(text);
        _step.Restart();
    }

    public void Step(string name, string decided)
    {
        output.WriteLine($"  ✓ {name,-22} {decided}  ({_step.ElapsedMilliseconds} ms)");
        told?.Invoke(name);
        _step.Restart();
    }

    public void Failed(string name, string why)
    {
        output.WriteLine($"  ✗ {name,-22} {why}");
        _step.Restart();
    }
}
