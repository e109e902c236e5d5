namespace SecondOpinion.AppHost;

/// <summary>The table of what runs and where.</summary>
internal static class ResourceTable
{
    public static void Print(IDistributedApplicationBuilder builder, DistributedApplication app)
    {
        Console.WriteLine();
        Console.WriteLine($"{"resource",-12} {"state",-10} endpoints");
        foreach (var resource in builder.Resources.OfType<IResourceWithEndpoints>())
        {
            foreach (var id in Ids(resource))
            {
                var found = app.ResourceNotifications.TryGetCurrentState(id, out var current) || app.ResourceNotifications.TryGetCurrentState(resource.Name, out current);
                var endpoints = found ? current!.Snapshot.Urls.Select(url => $"{url.Name} {url.Url}") : [];
                Console.WriteLine($"{id,-12} {(found ? current!.Snapshot.State?.Text : null) ?? "?",-10} {string.Join("  ", endpoints)}");
            }
        }

        var gateway = builder.Resources.OfType<IResourceWithEndpoints>().Single(r => r.Name == "gateway").GetEndpoint("http").Url;
        Console.WriteLine();
        Console.WriteLine($"API            {gateway}/api/v1");
        Console.WriteLine($"API reference  {gateway}/docs");
    }

    private static IEnumerable<string> Ids(IResource resource) => resource.GetReplicaCount() is > 1 and var replicas
        ? Enumerable.Range(0, replicas).Select(i => $"{resource.Name}-{i}")
        : [resource.Name];
}
