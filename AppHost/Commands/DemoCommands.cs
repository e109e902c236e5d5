using SecondOpinion.AppHost.Story;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.AppHost.Commands;

/// <summary>What helps while trying the system, as commands of the gateway in the dashboard.</summary>
internal static class DemoCommands
{
    public static IResourceBuilder<ProjectResource> WithDemoCommands(this IResourceBuilder<ProjectResource> gateway, RunOptions options)
    {
        if (gateway.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return gateway;
        }

        var root = Path.GetFullPath("..", gateway.ApplicationBuilder.AppHostDirectory);
        return gateway
            .WithCommand("play-case", "Play the sample case", async context =>
            {
                await using var told = new StringWriter();
                var address = new Uri(gateway.GetEndpoint("http").Url);
                return await SampleStory.Play(address, options.DataFolder, root, new Narrator(told), context.CancellationToken)
                    ? CommandResults.Success("The case was played to its end.", told.ToString(), CommandResultFormat.Text, displayImmediately: true)
                    : CommandResults.Failure("The case stopped on its way.", told.ToString(), CommandResultFormat.Text);
            })
            .WithCommand("mint-token", "Get an operator's token", async _ =>
            {
                using var identity = LocalIdentity.Of(options.DataFolder);
                var token = await identity.Token(Roles.Ops, "local-ops", TimeSpan.FromHours(12));
                return CommandResults.Success(
                    "Valid for 12 hours; ./run token gives those of other roles.", token, CommandResultFormat.Text, displayImmediately: true);
            });
    }
}
