using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>One measurement per call, and the RPC attributes on the activity that ASP.NET Core starts for the request.</summary>
internal sealed class ServerTelemetry
{
    private readonly Histogram<double> duration;

    public ServerTelemetry(IMeterFactory meters) =>
        duration = RpcTelemetry.CreateDuration(meters.Create("Grpc.AspNetCore.Server"), "rpc.server.call.duration", "Duration of incoming calls.");

    public long Start(IMethod method)
    {
        if (Activity.Current is { } activity)
        {
            RpcTelemetry.Describe(activity, method);
        }

        return duration.Enabled ? Stopwatch.GetTimestamp() : 0;
    }

    public void Stop(IMethod method, Status status, long started)
    {
        if (Activity.Current is { } activity)
        {
            activity.SetTag(RpcTelemetry.StatusTag, RpcTelemetry.Name(status.StatusCode));
            if (RpcTelemetry.IsServerError(status.StatusCode))
            {
                activity.SetTag("error.type", RpcTelemetry.Name(status.StatusCode));
                activity.SetStatus(ActivityStatusCode.Error);
            }
        }

        if (started != 0)
        {
            duration.Record(
                Stopwatch.GetElapsedTime(started).TotalSeconds,
                RpcTelemetry.Measured(method, status.StatusCode, RpcTelemetry.IsServerError(status.StatusCode)));
        }
    }
}
