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

    public static TheoryData<string> Parts => [.. SharedSystem.Parts];

    [Theory]
    [MemberData(nameof(Parts))]
    public async Task A_part_that_is_killed_during_the_story_is_started_again_and_the_case_completes(string part)
    {
        await system.Healthy();
        var victim = system.Pid(part);
        var moment = Moments[Random.Shared.Next(Moments.Length)];
        output.WriteLine($"{part} is killed after “{moment}”");
        using var told = new StringWriter();
        var killing = Task.CompletedTask;
        // On another thread, so that it dies while the next step is under way.
        var narrator = new Narrator(told, step => killing = step == moment ? Task.Run(() => Processes.Kill(victim)) : killing);

        var root = Root();
        var completed = await SampleStory.Play(system.Gateway, system.DataFolder, root, narrator, TestContext.Current.CancellationToken);

        output.WriteLine(told.ToString());
        completed.ShouldBeTrue($"{part} was killed after “{moment}”:\n{told}");
        moment.ShouldBeOneOf(Moments);
        killing.IsCompletedSuccessfully.ShouldBeTrue();
        told.ToString().ShouldContain($"✓ {moment}");
        await system.Restarted(part, victim);
        Directory.Delete(root, recursive: true);
    }

    /// <summary>A folder with the sample in it, where the opinion may be put.</summary>
    private static string Root()
    {
        var root = Directory.CreateTempSubdirectory("story-").FullName;
        Directory.CreateSymbolicLink(Path.Combine(root, "samples"), Path.Combine(AppHostProcess.RepositoryRoot, "samples"));
        return root;
    }
}
