using System.Collections.Immutable;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

/// <summary>Gives every endpoint of every replica a port before anything starts, so that all can be told all addresses.</summary>
internal static class EndpointAllocation
{
    public static void Allocate(IResource resource, PortAllocation ports, HostSettings settings, HostConsole console)
    {
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            if (endpoint.AllocatedEndpoint is not null)
            {
                // An existing server, elsewhere.
                continue;
            }

            endpoint.Replicas = [.. Enumerable.Range(0, resource.GetReplicaCount()).Select(replica => new AllocatedEndpoint(
                endpoint, endpoint.TargetHost, Port(resource, endpoint, replica, ports, settings, console)))];
        }
    }

    public static ImmutableArray<UrlSnapshot> Urls(IResource resource, int replica) =>
        [.. resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => replica < endpoint.Replicas.Count)
            .Select(endpoint => new UrlSnapshot(endpoint.Name, endpoint.Replicas[replica].UriString, IsInternal: !endpoint.IsExternal))];

    private static int Port(
        IResource resource, EndpointAnnotation endpoint, int replica, PortAllocation ports, HostSettings settings, HostConsole console)
    {
        if (resource is IRemembersPorts)
        {
            // The same port as last time, where possible: handy for a database tool that has it in its settings.
            return Remembered(resource, endpoint, ports, settings);
        }

        if (settings.RandomizePorts || (endpoint.Port ?? endpoint.TargetPort) is not { } wanted)
        {
            return ports.Any();
        }

        for (var port = wanted + replica; port < wanted + replica + 100; port++)
        {
            if (ports.Try(port))
            {
                if (port != wanted + replica)
                {
                    console.Say($"[{resource.Name}] port {wanted + replica} is {PortUser.Describe(wanted + replica)}: {endpoint.Name} listens on {port}");
                }

                return port;
            }
        }

        return ports.Any();
    }

    private static int Remembered(IResource resource, EndpointAnnotation endpoint, PortAllocation ports, HostSettings settings)
    {
        var file = Path.Combine(settings.DataFolder, "ports", $"{resource.Name}-{endpoint.Name}");
        if (!settings.RandomizePorts)
        {
            var wanted = endpoint.Port
                ?? (File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : null);
            if (wanted is { } port && ports.Try(port))
            {
                return port;
            }
        }

        var any = ports.Any();
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, any.ToString(CultureInfo.InvariantCulture));
        return any;
    }
}

/// <summary>A server whose ports stay the same from run to run.</summary>
internal interface IRemembersPorts;
