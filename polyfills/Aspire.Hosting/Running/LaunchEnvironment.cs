using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>The environment and arguments of one replica, with every reference resolved.</summary>
internal sealed partial record LaunchEnvironment(
    IReadOnlyDictionary<string, string?> Variables, IReadOnlyList<EnvironmentVariableSnapshot> Shown)
{
    public static async Task<LaunchEnvironment> EvaluateAsync(
        IResource resource, int replica, DistributedApplicationExecutionContext execution, CancellationToken cancellationToken)
    {
        var callbacks = new EnvironmentCallbackContext(execution, resource, cancellationToken: cancellationToken);
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToList())
        {
            await annotation.Callback(callbacks);
        }

        var context = new ReplicaContext { Caller = resource, ExecutionContext = execution, Replica = replica };
        var variables = new Dictionary<string, string?>();
        var shown = new List<EnvironmentVariableSnapshot>();
        foreach (var (name, value) in callbacks.EnvironmentVariables)
        {
            var text = await TextAsync(value, context, cancellationToken);
            if (text is null)
            {
                continue;
            }

            variables[name] = text;
            shown.Add(new EnvironmentVariableSnapshot(name, text, IsFromSpec: true) { IsSensitive = IsSecret(value) || SecretName().IsMatch(name) });
        }

        return new LaunchEnvironment(variables, shown);
    }

    public static async Task<IReadOnlyList<string>> ArgumentsAsync(
        IResource resource, int replica, DistributedApplicationExecutionContext execution, CancellationToken cancellationToken)
    {
        var args = new List<object>();
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToList())
        {
            await annotation.Callback(new CommandLineArgsCallbackContext(args, resource, cancellationToken));
        }

        var context = new ReplicaContext { Caller = resource, ExecutionContext = execution, Replica = replica };
        var texts = new List<string>();
        foreach (var arg in args)
        {
            if (await TextAsync(arg, context, cancellationToken) is { } text)
            {
                texts.Add(text);
            }
        }

        return texts;
    }

    private static ValueTask<string?> TextAsync(object value, ValueProviderContext context, CancellationToken cancellationToken) => value switch
    {
        string text => new(text),
        IResourceBuilder<IResource> { Resource: IValueProvider provider } => provider.GetValueAsync(context, cancellationToken),
        IValueProvider provider => provider.GetValueAsync(context, cancellationToken),
        IFormattable formattable => new(formattable.ToString(null, System.Globalization.CultureInfo.InvariantCulture)),
        bool flag => new(flag ? "true" : "false"),
        _ => throw new CannotStartException($"a {value.GetType().Name} cannot be passed as a variable or argument"),
    };

    /// <summary>Whether a secret parameter goes into the value, however deep.</summary>
    private static bool IsSecret(object value) => value switch
    {
        ParameterResource parameter => parameter.Secret,

        // An address is no secret, though the resource behind it may have one.
        EndpointReference or EndpointReferenceExpression => false,
        IValueWithReferences references => references.References.Any(IsSecret),
        _ => false,
    };

    [GeneratedRegex("password|secret|token|apikey|signingkey|^ConnectionStrings__", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
