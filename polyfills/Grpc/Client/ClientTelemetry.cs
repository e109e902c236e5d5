using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>One client activity and one measurement per call.</summary>
internal static class ClientTelemetry
{
    public const string Name = "Grpc.Net.Client";

    private static readonly ActivitySource Source = new(Name);

    private static readonly Histogram<double> Duration =
        RpcTelemetry.CreateDuration(new Meter(Name), "rpc.client.call.duration", "Duration of outgoing calls.");

    public static long Timestamp() => Duration.Enabled ? Stopwatch.GetTimestamp() : 0;

    public static Activity? Start(IMethod method, Uri address)
    {
        var activity = Source.StartActivity("Grpc.Net.Client.GrpcOut", ActivityKind.Client);
        if (activity is not null)
        {
            RpcTelemetry.Describe(activity, method);
            activity.SetTag("server.address", address.Host);
            activity.SetTag("server.port", address.Port);
        }

        return activity;
    }

    public static void Inject(HttpRequestMessage request)
    {
        if (Activity.Current is { } activity)
        {
            DistributedContextPropagator.Current.Inject(activity, request, static (carrier, name, value) =>
                ((HttpRequestMessage)carrier!).Headers.TryAddWithoutValidation(name, value));
        }
    }

    public static void Stop(Activity? activity, long started, IMethod method, Uri address, Status status)
    {
        if (activity is not null)
        {
            activity.SetTag(RpcTelemetry.StatusTag, RpcTelemetry.Name(status.StatusCode));
            if (status.StatusCode != StatusCode.OK)
            {
                activity.SetTag("error.type", RpcTelemetry.Name(status.StatusCode));
                activity.SetStatus(ActivityStatusCode.Error, status.Detail);
            }

            // Stopping makes the parent current, but a stream ends wherever its reader happens to be.
            var current = Activity.Current;
            activity.Stop();
            if (current != activity)
            {
                Activity.Current = current;
            }
        }

        if (started != 0)
        {
            var tags = RpcTelemetry.Measured(method, status.StatusCode, status.StatusCode != StatusCode.OK);
            tags.Add("server.address", address.Host);
            tags.Add("server.port", address.Port);
            Duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, tags);
        }
    }
}
