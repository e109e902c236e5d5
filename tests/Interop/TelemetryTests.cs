using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Grpc.Net.Client;
using SecondOpinion.Interop.V1;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Interop;

/// <summary>OpenTelemetry's conventions for RPC: each call once, on either side, in one trace.</summary>
public sealed class TelemetryTests(Matrix matrix)
{
    private const string Method = "secondopinion.interop.v1.Echo/";

    [Theory]
    [InlineData("unary", "Unary", 0, "OK")]
    [InlineData("unary", "Unary", 5, "NOT_FOUND")]
    [InlineData("server", "ServerStream", 13, "INTERNAL")]
    [InlineData("client", "ClientStream", 0, "OK")]
    [InlineData("duplex", "Duplex", 0, "OK")]
    public async Task A_call_is_one_client_and_one_server_activity_in_one_trace(string kind, string method, int failWith, string status)
    {
        using var root = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        var activities = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Grpc.Net.Client" or "Microsoft.AspNetCore" or "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == root.TraceId)
                {
                    lock (activities)
                    {
                        activities.Add(activity);
                    }
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var channel = GrpcChannel.ForAddress(matrix.Us.Address);

        await OwnClient.RunAsync(channel, new Call(kind) { Count = 2, FailWith = failWith });
        await Eventually.True(
            () =>
            {
                lock (activities)
                {
                    return activities.Count >= 2;
                }
            },
            "both activities have ended");

        Activity.Current.ShouldBe(root);
        activities.Count.ShouldBe(2);
        var client = activities.Single(activity => activity.Kind == ActivityKind.Client);
        var server = activities.Single(activity => activity.Kind == ActivityKind.Server);
        client.ParentSpanId.ShouldBe(root.SpanId);
        server.ParentSpanId.ShouldBe(client.SpanId);
        foreach (var activity in activities)
        {
            activity.DisplayName.ShouldBe(Method + method);
            activity.GetTagItem("rpc.system.name").ShouldBe("grpc");
            activity.GetTagItem("rpc.method").ShouldBe(Method + method);
            activity.GetTagItem("rpc.response.status_code").ShouldBe(status);
        }

        client.Status.ShouldBe(failWith == 0 ? ActivityStatusCode.Unset : ActivityStatusCode.Error);
        server.Status.ShouldBe(failWith == 13 ? ActivityStatusCode.Error : ActivityStatusCode.Unset);
    }

    [Fact]
    public async Task A_callers_own_handler_with_its_own_activity_keeps_the_trace()
    {
        using var root = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        var server = new TaskCompletionSource<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Grpc.Net.Client" or "Microsoft.AspNetCore" or "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == root.TraceId && activity.Kind == ActivityKind.Server)
                {
                    server.TrySetResult(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        using var channel = GrpcChannel.ForAddress(matrix.Us.Address, new GrpcChannelOptions { HttpHandler = handler });

        await OwnClient.RunAsync(channel, new Call("unary"));

        (await server.Task.WaitAsync(TimeSpan.FromSeconds(10))).TraceId.ShouldBe(root.TraceId);
    }

    [Fact]
    public async Task A_call_is_one_measurement_on_either_side()
    {
        var measured = new List<(string Instrument, Dictionary<string, object?> Tags)>();
        await using var server = await EchoServer.StartAsync();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name is "Grpc.Net.Client" or "Grpc.AspNetCore.Server")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) =>
        {
            lock (measured)
            {
                measured.Add((instrument.Name, tags.ToArray().ToDictionary(tag => tag.Key, tag => tag.Value)));
            }
        });
        listener.Start();
        using var channel = GrpcChannel.ForAddress(server.Address);

        // No other test has this status: everything in the process is measured.
        await OwnClient.RunAsync(channel, new Call("unary") { FailWith = (int)StatusCode.OutOfRange });

        List<(string Instrument, Dictionary<string, object?> Tags)> Mine()
        {
            lock (measured)
            {
                return measured.FindAll(one => (string?)one.Tags["rpc.response.status_code"] == "OUT_OF_RANGE"
                    && (one.Instrument.Contains("server") || (int?)one.Tags["server.port"] == new Uri(server.Address).Port));
            }
        }

        await Eventually.True(() => Mine().Count >= 2, "both sides have measured");
        Mine().Select(one => one.Instrument).Count(name => name == "rpc.client.call.duration").ShouldBe(1);
        Mine().Where(one => one.Instrument == "rpc.server.call.duration").ShouldNotBeEmpty();
        Mine().ShouldAllBe(one => (string?)one.Tags["rpc.method"] == Method + "Unary");
    }
}
