using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Page;

/// <summary>What the page asks about resources, and its three buttons.</summary>
internal sealed class ResourceApi(
    Orchestrator orchestrator,
    ResourceNotificationService notifications,
    ResourceLoggerService loggers,
    ResourceCommandService commands,
    ProcessSampler sampler,
    IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(2);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/resources", () =>
        {
            sampler.Sample();
            return Rows();
        });
        routes.MapGet("/api/resources/stream", (HttpContext context) => StreamAsync(context, ResourceChanges(context.RequestAborted)));
        routes.MapGet("/api/resources/{id}/environment", (string id) => notifications.TryGetCurrentState(id, out var state)
            ? Results.Ok(state.Snapshot.EnvironmentVariables.OrderBy(static variable => variable.Name, StringComparer.Ordinal).Select(static variable =>
                new EnvironmentRow(variable.Name, variable.IsSensitive ? null : variable.Value, variable.IsSensitive)))
            : Results.NotFound());
        routes.MapGet("/api/resources/{id}/logs", (HttpContext context, string id) => StreamAsync(context, LogLines(id, context.RequestAborted)));
        routes.MapPost("/api/resources/{id}/{command}", async (string id, string command, CancellationToken cancellationToken) =>
        {
            var result = await commands.ExecuteCommandAsync(id, command, cancellationToken);
            return result.Success ? Results.NoContent() : Results.NotFound(new { result.Message });
        });
    }

    private List<ResourceRow> Rows() => [.. orchestrator.Replicas.Select(Row)];

    private ResourceRow Row(Replica replica)
    {
        var snapshot = notifications.TryGetCurrentState(replica.Id, out var state) ? state.Snapshot : null;
        var usage = replica.ProcessId is { } id ? sampler.Of(id) : null;
        var state1 = snapshot?.State?.Text ?? KnownResourceStates.NotStarted;
        return new ResourceRow(
            replica.Id,
            replica.Resource.Name,
            Property(snapshot, ReplicaProperties.Version) ?? snapshot?.ResourceType ?? "",
            replica.Resource is IResourceWithParent { Parent: var parent } ? parent.Name : null,
            state1,
            snapshot?.State?.Style ?? "",
            Property(snapshot, ReplicaProperties.Reason)
                ?? snapshot?.HealthReports.FirstOrDefault(static report => report.Description is not null)?.Description,
            snapshot?.HealthStatus?.ToString(),
            snapshot is { StartTimeStamp: { } started, StopTimeStamp: null } && state1 == KnownResourceStates.Running
                ? (time.GetUtcNow().UtcDateTime - started).TotalSeconds : null,
            replica.Restarts,
            replica.ProcessId,
            usage?.CpuPercent,
            usage?.MemoryBytes,
            [.. (snapshot?.Urls ?? []).Select(url => new EndpointRow(url.Name ?? "", url.Url, url.Url.StartsWith("http", StringComparison.Ordinal) && url.Name != "grpc"))],
            CanStart: state1 is not ("Running" or "Starting" or "Stopping" or "Waiting" or KnownResourceStates.Restarting or KnownResourceStates.CrashLoop));
    }

    /// <summary>All rows at each change, and every two seconds for uptime, processor and memory.</summary>
    private async IAsyncEnumerable<string> ResourceChanges([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var changes = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopped);
        while (true)
        {
            sampler.Sample();
            yield return JsonSerializer.Serialize(Rows(), JsonSerializerOptions.Web);
            using var round = CancellationTokenSource.CreateLinkedTokenSource(changes.Token);
            var known = notifications.All().Count;
            await Task.WhenAny(NextChangeAsync(known, round.Token), Task.Delay(Refresh, time, round.Token));
            await round.CancelAsync();
            changes.Token.ThrowIfCancellationRequested();

            // Changes come in bursts.
            await Task.Delay(TimeSpan.FromMilliseconds(100), time, changes.Token);
        }
    }

    private async Task NextChangeAsync(int known, CancellationToken cancellationToken)
    {
        var seen = 0;
        await foreach (var _ in notifications.WatchAsync(cancellationToken))
        {
            if (++seen > known)
            {
                return;
            }
        }
    }

    private async IAsyncEnumerable<string> LogLines(string id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var severity = LogSeverity.Information;
        await foreach (var batch in loggers.WatchAsync(id).WithCancellation(cancellationToken))
        {
            yield return JsonSerializer.Serialize(
                batch.Select(line =>
                {
                    severity = LogSeverities.Of(line.Content, severity);
                    return new LogRow(line.LineNumber, LogText.Readable(line.Content), severity.ToString().ToLowerInvariant());
                }),
                JsonSerializerOptions.Web);
        }
    }

    /// <summary>Server-sent events, one JSON value each.</summary>
    private static async Task StreamAsync(HttpContext context, IAsyncEnumerable<string> events)
    {
        context.Response.ContentType = "text/event-stream";
        try
        {
            await foreach (var value in events)
            {
                await context.Response.WriteAsync($"data: {value}\n\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The reader has left, or the host stops.
        }
    }

    private static string? Property(CustomResourceSnapshot? snapshot, string name) =>
        Convert.ToString(snapshot?.Properties.FirstOrDefault(property => property.Name == name)?.Value, CultureInfo.InvariantCulture) is { Length: > 0 } text
            ? text
            : null;

    private sealed record ResourceRow(
        string Id,
        string Name,
        string Type,
        string? Parent,
        string State,
        string Style,
        string? Reason,
        string? Health,
        double? UptimeSeconds,
        int Restarts,
        int? ProcessId,
        double? CpuPercent,
        long? MemoryBytes,
        IReadOnlyList<EndpointRow> Endpoints,
        bool CanStart);

    private sealed record EndpointRow(string Name, string Url, bool Link);

    /// <param name="Name">Name of the variable.</param>
    /// <param name="Value">Null when it is a secret: what the page never gets it cannot show.</param>
    /// <param name="Secret">Whether it is one.</param>
    private sealed record EnvironmentRow(string Name, string? Value, bool Secret);

    private sealed record LogRow(int Number, string Text, string Level);
}
