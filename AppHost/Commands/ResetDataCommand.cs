using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.AppHost.LocalServers;

namespace SecondOpinion.AppHost.Commands;

/// <summary>
/// Back to the state of a first start, while everything stays where it is: databases, queues, documents and rosters go; ports, keys and logs stay, so that
/// addresses and tokens that people hold go on working. Offered where the servers are this machine's own.
/// </summary>
internal static class ResetDataCommand
{

    public static IResourceBuilder<ProjectResource> WithResetCommand(this IResourceBuilder<ProjectResource> gateway, RunOptions options)
    {
        var resources = gateway.ApplicationBuilder.Resources;
        var servers = resources.OfType<LocalServerResource>().ToList();
        return servers.Count < 2 ? gateway : gateway.WithCommand(
            "reset-data", "Reset data",
            async context =>
            {
                var commands = context.Services.GetRequiredService<ResourceCommandService>();
                var notifications = context.Services.GetRequiredService<ResourceNotificationService>();
                var services = resources.OfType<ProjectResource>().ToList();
                await All(services, KnownResourceCommands.StopCommand);
                await All(servers, KnownResourceCommands.StopCommand);
                servers.ForEach(server => server.Forget());
                foreach (var folder in DataFolders.All.Select(name => new DirectoryInfo(Path.Combine(options.DataFolder, name))).Where(folder => folder.Exists))
                {
                    folder.Delete(recursive: true);
                }

                // Who waits for a database must not take the former one's state for the new one's.
                foreach (var database in resources.OfType<LocalPostgresDatabaseResource>())
                {
                    await notifications.PublishUpdateAsync(database, snapshot => snapshot with { State = KnownResourceStates.NotStarted });
                }

                await All(servers, KnownResourceCommands.StartCommand);
                await All(services, KnownResourceCommands.StartCommand);
                return CommandResults.Success();

                async Task All(IEnumerable<IResource> some, string command)
                {
                    var results = await Task.WhenAll(some.Select(resource => commands.ExecuteCommandAsync(resource, command, context.CancellationToken)));
                    if (results.FirstOrDefault(result => !result.Success) is { } failed)
                    {
                        throw new InvalidOperationException($"{command} failed: {failed.Message}");
                    }
                }
            },
            new CommandOptions
            {
                Description = "Deletes databases, queues, documents and rosters, and starts everything again as on the first day.",
                ConfirmationMessage = "Delete every case, roster, opinion and ledger line of this system?",
                IconName = "Delete",
            });
    }
}
