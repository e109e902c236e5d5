using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Grpc;

/// <summary>OpenTelemetry's semantic conventions for RPC, as both sides use them.</summary>
internal static class RpcTelemetry
{
    public const string StatusTag = "rpc.response.status_code";

    private static readonly string[] Names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED",
    ];

    public static string Name(StatusCode status) => (uint)status < Names.Length ? Names[(int)status] : "UNKNOWN";

    /// <summary>On a server only these are the server's own errors; NOT_FOUND and the like are answers.</summary>
    public static bool IsServerError(StatusCode status) => status is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented
        or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;

    public static void Describe(Activity activity, IMethod method)
    {
        activity.DisplayName = MethodName(method);
        activity.SetTag("rpc.system.name", "grpc");
        activity.SetTag("rpc.method", MethodName(method));
    }

    public static TagList Measured(IMethod method, StatusCode status, bool isError)
    {
        var tags = new TagList
        {
            { "rpc.system.name", "grpc" },
            { "rpc.method", MethodName(method) },
            { StatusTag, Name(status) },
        };
        if (isError)
        {
            tags.Add("error.type", Name(status));
        }

        return tags;
    }

    /// <summary>Seconds, in the buckets that the conventions advise.</summary>
    public static Histogram<double> CreateDuration(Meter meter, string name, string description) => meter.CreateHistogram(
        name, "s", description, tags: null, new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        });

    private static string MethodName(IMethod method) => method.FullName[1..];
}
