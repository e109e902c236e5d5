using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.AppHost.Resources;

/// <summary>
/// Stops the services first, then what they stand on, and ends when the last process is gone: by itself the host would leave while its children still stop.
/// </summary>
internal static class Stopping
{
    private const string Mark = "SECONDOPINION_HOST";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Whatever is started from now on, however far below, carries this host's number in its environment.</summary>
    public static void MarkChildren() => Environment.SetEnvironmentVariable(Mark, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));

    public static async Task Stop(DistributedApplication app, IReadOnlyList<IResource> resources)
    {
        app.Services.GetRequiredService<RestartWhatEnds>().Suspend();
        await StopAll(app, resources.Where(resource => resource is ProjectResource));
        await StopAll(app, resources.Where(resource => resource is ExecutableResource));
        await app.StopAsync();
        using var limit = new CancellationTokenSource(Patience);
        while (Marked().ToList() is { Count: > 0 } left)
        {
            if (limit.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync($"Still there after {Patience.TotalSeconds:0} s: processes {string.Join(", ", left)}.");
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    private static Task StopAll(DistributedApplication app, IEnumerable<IResource> resources)
    {
        var commands = app.Services.GetRequiredService<ResourceCommandService>();
        return Task.WhenAll(resources.Select(resource => commands.ExecuteCommandAsync(resource, KnownResourceCommands.StopCommand)));
    }

    private static IEnumerable<string> Marked()
    {
        var mark = $"{Mark}={Environment.ProcessId}\0";
        var own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return Directory.EnumerateDirectories("/proc").Select(folder => Path.GetFileName(folder)!)
            .Where(process => char.IsAsciiDigit(process[0]) && process != own && Variables(process).Contains(mark, StringComparison.Ordinal));
    }

    private static string Variables(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/environ") + "\0";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is somebody else's.
            return "";
        }
    }
}
