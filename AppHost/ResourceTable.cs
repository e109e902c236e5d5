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
            var state = app.ResourceNotifications.TryGetCurrentState(resource.Name, out var current) ? current.Snapshot.State?.Text : null;
            var endpoints = resource.Annotations.OfType<EndpointAnnotation>()
                .Select(e => resource.GetEndpoint(e.Name))
                .Where(e => e.IsAllocated)
                .Select(e => $"{e.EndpointName} {e.Url}");
            Console.WriteLine($"{resource.Name,-12} {state ?? "?",-10} {string.Join("  ", endpoints)}");
        }

        var gateway = builder.Resources.OfType<IResourceWithEndpoints>().Single(r => r.Name == "gateway").GetEndpoint("http").Url;
        Console.WriteLine();
        Console.WriteLine($"API            {gateway}/api/v1");
        Console.WriteLine($"API reference  {gateway}/docs");
    }
}
