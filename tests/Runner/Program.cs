using System.Reflection;
using System.Runtime.InteropServices;
using SecondOpinion.Servers;
using SecondOpinion.Tests.Runner;

string Built(string key) => Assembly.GetExecutingAssembly().GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;

var root = Path.TrimEndingDirectorySeparator(Built("RepositoryRoot"));
var projects = new Projects(root, Built("Configuration"));
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

var report = new Report(Console.Error);
try
{
    var chosen = args.Contains("--changed")
        ? await Changes.Choose(projects, report, stop.Token)
        : Choice.Of(projects, args);
    if (chosen.Count > 0)
    {
        await Build.Run(projects, chosen, stop.Token);
        await Session.Run(chosen, Path.Combine(root, "artifacts", "test"), report, stop.Token);
    }
}
catch (UnknownNameException unknown)
{
    report.Say(unknown.Message);
    return 2;
}
catch (BuildFailedException)
{
    return 1;
}
catch (CannotStartException cannot)
{
    report.Broken("the servers", cannot.Message);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    report.Say("Stopped.");
    return 130;
}

report.Close();
Console.WriteLine(report.LastLine);
return report.Failed == 0 ? 0 : 1;
