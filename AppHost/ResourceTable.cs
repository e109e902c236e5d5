namespace SecondOpinion.AppHost;

/// <summary>The table of what runs and where.</summary>
internal static class ResourceTable
{
    public static void Print(IReadOnlyList<IResource> resources, DistributedApplication app, Dashboard dashboard)
    {
        Console.WriteLine();
        Console.WriteLine($"{"resource",-12} {"state",-10} endpoints");
        foreach (var resource in resources.OfType<IResourceWithEndpoints>())
        {
            var state = app.ResourceNotifications.TryGetCurrentState(resource.Name, out var current) ? current.Snapshot.State?.Text : null;
            var endpoints = resource.GetEndpoints().Select(endpoint => $"{endpoint.EndpointName} {endpoint.Url}");
            Console.WriteLine($"{resource.Name,-12} {state ?? "?",-10} {string.Join("  ", endpoints)}");
        }

        var gateway = resources.OfType<ProjectResource>().Single(resource => resource.Name == "gateway").GetEndpoint("http").Url;
        Console.WriteLine();
        Console.WriteLine($"API            {gateway}/api/v1");
        Console.WriteLine($"API reference  {gateway}/docs");
        if (dashboard.Url is { } url)
        {
            Console.WriteLine($"Dashboard      {url}");
        }
    }
}
