using System.Threading.Channels;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.AspNetCore.HealthChecks;

/// <summary>ASP.NET Core's health checks in gRPC's health protocol.</summary>
internal sealed class HealthService(
    HealthCheckService checks, HealthBoard board, IOptions<GrpcHealthChecksOptions> options, IHostApplicationLifetime lifetime)
    : Grpc.Health.V1.Health.HealthBase
{
    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        var mapping = options.Value.Services.Find(request.Service)
            ?? throw new RpcException(new Status(StatusCode.NotFound, $"The service '{request.Service}' is not known here."));
        return new HealthCheckResponse { Status = await StatusAsync(mapping, context.CancellationToken) };
    }

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        var mapping = options.Value.Services.Find(request.Service);
        using var reports = board.Subscribe();
        var stopping = options.Value.SuppressCompletionOnShutdown ? CancellationToken.None : lifetime.ApplicationStopping;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, stopping);
        ServingStatus? sent = null;
        try
        {
            var status = mapping is null ? ServingStatus.ServiceUnknown : await StatusAsync(mapping, ended.Token);
            while (true)
            {
                if (status != sent)
                {
                    await responseStream.WriteAsync(new HealthCheckResponse { Status = status });
                    sent = status;
                }

                var report = await reports.NextAsync(ended.Token);
                status = mapping is null ? ServingStatus.ServiceUnknown : StatusOf(mapping, report);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            if (!context.CancellationToken.IsCancellationRequested && sent != ServingStatus.NotServing)
            {
                await responseStream.WriteAsync(new HealthCheckResponse { Status = ServingStatus.NotServing });
            }
        }
    }

    private async Task<ServingStatus> StatusAsync(ServiceMapping mapping, CancellationToken cancellationToken)
    {
        var report = options.Value.UseHealthChecksCache && board.Last is { } last
            ? last
            : await checks.CheckHealthAsync(one => Includes(mapping, one.Name, one.Tags), cancellationToken);
        return StatusOf(mapping, report);
    }

    /// <summary>Degraded still serves; nothing to go by is unknown.</summary>
    private static ServingStatus StatusOf(ServiceMapping mapping, HealthReport report)
    {
        var entries = report.Entries.Where(entry => Includes(mapping, entry.Key, entry.Value.Tags)).Select(entry => entry.Value.Status).ToList();
        return entries.Count == 0 ? ServingStatus.Unknown
            : entries.Contains(HealthStatus.Unhealthy) ? ServingStatus.NotServing
            : ServingStatus.Serving;
    }

    private static bool Includes(ServiceMapping mapping, string name, IEnumerable<string> tags) =>
        mapping.HealthCheckPredicate?.Invoke(new HealthCheckMapContext(name, tags)) ?? true;
}

/// <summary>Hears of every periodic run of the health checks and tells those who watch.</summary>
internal sealed class HealthBoard : IHealthCheckPublisher
{
    private readonly Lock gate = new();
    private readonly HashSet<Subscription> subscriptions = [];

    public HealthReport? Last { get; private set; }

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            Last = report;
            foreach (var subscription in subscriptions)
            {
                subscription.Put(report);
            }
        }

        return Task.CompletedTask;
    }

    public Subscription Subscribe()
    {
        var subscription = new Subscription(this);
        lock (gate)
        {
            subscriptions.Add(subscription);
        }

        return subscription;
    }

    internal sealed class Subscription(HealthBoard board) : IDisposable
    {
        /// <summary>A slow watcher only misses what is out of date anyway.</summary>
        private readonly Channel<HealthReport> reports =
            Channel.CreateBounded<HealthReport>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

        public void Put(HealthReport report) => reports.Writer.TryWrite(report);

        public ValueTask<HealthReport> NextAsync(CancellationToken cancellationToken) => reports.Reader.ReadAsync(cancellationToken);

        public void Dispose()
        {
            lock (board.gate)
            {
                board.subscriptions.Remove(this);
            }
        }
    }
}
