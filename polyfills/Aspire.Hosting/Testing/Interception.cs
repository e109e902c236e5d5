using System.Reflection;

namespace Aspire.Hosting.Testing;

/// <summary>
/// Runs an AppHost's own program up to the point where it builds the application, so that a test gets exactly the model that people run.
/// </summary>
internal sealed class Interception(Assembly assembly, string[] args, Action<DistributedApplicationOptions>? configure)
{
    private static readonly AsyncLocal<Interception?> Current = new();

    private DistributedApplicationBuilder? builder;

    /// <summary>What <c>DistributedApplication.CreateBuilder</c> returns while a test runs the program.</summary>
    public static DistributedApplicationBuilder? Builder(DistributedApplicationOptions options)
    {
        if (Current.Value is not { } interception)
        {
            return null;
        }

        options.Args = [.. options.Args ?? [], .. interception.Args];
        options.AssemblyName ??= interception.Assembly.GetName().Name;
        interception.Configure?.Invoke(options);
        interception.builder = new DistributedApplicationBuilder(options);
        return interception.builder;
    }

    /// <summary>Ends the program where it would build the application; the test builds it.</summary>
    public static void Intercept(DistributedApplicationBuilder builder)
    {
        if (Current.Value is { } interception && interception.builder == builder)
        {
            throw new ModelIsCompleteException();
        }
    }

    private Assembly Assembly => assembly;

    private string[] Args => args;

    private Action<DistributedApplicationOptions>? Configure => configure;

    public async Task<DistributedApplicationBuilder> RunAsync(CancellationToken cancellationToken)
    {
        var main = assembly.EntryPoint ?? throw new InvalidOperationException($"The assembly {assembly.GetName().Name} has no entry point.");
        await Task.Run(
            async () =>
            {
                Current.Value = this;
                try
                {
                    var result = main.Invoke(null, main.GetParameters().Length == 0 ? [] : [Array.Empty<string>()]);
                    await (result as Task ?? Task.CompletedTask);
                }
                catch (Exception e) when (e is ModelIsCompleteException or TargetInvocationException { InnerException: ModelIsCompleteException })
                {
                    // As meant.
                }
                catch (TargetInvocationException e) when (e.InnerException is not null)
                {
                    System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
                }
            },
            cancellationToken).WaitAsync(cancellationToken);
        return builder ?? throw new InvalidOperationException(
            $"The program of {assembly.GetName().Name} ended without calling DistributedApplication.CreateBuilder.");
    }

    private sealed class ModelIsCompleteException() : Exception("A test has taken over here.");
}
