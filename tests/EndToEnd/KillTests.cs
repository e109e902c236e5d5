using SecondOpinion.AppHost.Story;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>kill -9 of each part while the story is being told: it is started again and the case still completes.</summary>
[Collection(OnSharedSystem.Name)]
public sealed class KillTests(SharedSystem system, ITestOutputHelper output)
{
    /// <summary>Steps after which something that the case needs still follows.</summary>
    private static readonly string[] Moments =
        ["right door", "eligibility", "opened", "filled in", "documents", "complete", "offered", "accepted", "file read", "information",
            "opinion", "downloaded"];

    /// <summary>The servers alone, since everything stands on them; the services one after the other in one story, in any order.</summary>
    public static TheoryData<string> Victims => ["postgres", "rabbitmq", string.Join(' ', SharedSystem.Parts.Except(["postgres", "rabbitmq"]))];

    [Theory]
    [MemberData(nameof(Victims))]
    public async Task Parts_that_are_killed_during_the_story_are_started_again_and_the_case_completes(string victims)
    {
        await system.Healthy();
        var parts = victims.Split(' ').ToDictionary(part => part, system.Pid);
        var plan = Plan([.. parts.Keys]);
        output.WriteLine(string.Join(", ", plan.Select(p => $"{p.Value} is killed after “{p.Key}”")));
        using var told = new StringWriter();
        var killing = new List<Task>();
        // On another thread, so that it dies while the next step is under way.
        var narrator = new Narrator(told, step =>
        {
            if (plan.TryGetValue(step, out var part))
            {
                killing.Add(Task.Run(() => Processes.Kill(parts[part])));
            }
        });

        var root = Root();
        var completed = await SampleStory.Play(system.Gateway, system.DataFolder, root, narrator, TestContext.Current.CancellationToken);

        output.WriteLine(told.ToString());
        completed.ShouldBeTrue(told.ToString());
        await Task.WhenAll(killing);
        killing.Count.ShouldBe(parts.Count, "each moment came");
        foreach (var (part, pid) in parts)
        {
            await system.Restarted(part, pid);
        }

        Directory.Delete(root, recursive: true);
    }

    /// <summary>For each part another moment.</summary>
    private static Dictionary<string, string> Plan(string[] parts)
    {
        Random.Shared.Shuffle(parts);
        var moments = Moments.ToArray();
        Random.Shared.Shuffle(moments);
        return moments.Zip(parts).ToDictionary(pair => pair.First, pair => pair.Second);
    }

    /// <summary>A folder with the sample in it, where the opinion may be put.</summary>
    private static string Root()
    {
        var root = Directory.CreateTempSubdirectory("story-").FullName;
        Directory.CreateSymbolicLink(Path.Combine(root, "samples"), Path.Combine(AppHostProcess.RepositoryRoot, "samples"));
        return root;
    }
}
