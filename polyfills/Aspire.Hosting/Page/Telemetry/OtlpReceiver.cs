using System.IO.Compression;
using Aspire.Hosting.Page.Otlp;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Aspire.Hosting.Page.Telemetry;

/// <summary>Takes in what the services send, over OTLP/HTTP (protobuf) and OTLP/gRPC.</summary>
internal sealed class OtlpReceiver(TraceStore traces, RedStatistics red, MeterStore meters)
{
    private const int Largest = 64 << 20;

    public void Take(ExportTraceServiceRequest request)
    {
        List<SpanRecord> spans = [.. SpanRecord.Read(request)];
        traces.Add(spans);
        red.Add(spans);
    }

    public void Take(ExportMetricsServiceRequest request) => meters.Add(request);

    public void MapHttp(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/traces", context => HttpAsync(context, ExportTraceServiceRequest.Parser, Take));
        routes.MapPost("/v1/metrics", context => HttpAsync(context, ExportMetricsServiceRequest.Parser, Take));

        // Logs are read from the processes' output, which has those of the servers too.
        routes.MapPost("/v1/logs", context => HttpAsync(context, ExportLogsServiceRequest.Parser, static _ => { }));
    }

    private static async Task HttpAsync<T>(HttpContext context, MessageParser<T> parser, Action<T> take)
        where T : IMessage<T>
    {
        // A page of another site can post forms and plain text to this machine, but not this type without being asked first.
        if (context.Request.ContentType != "application/x-protobuf")
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        using var body = new MemoryStream();
        await using var source = context.Request.Headers.ContentEncoding == "gzip"
            ? new GZipStream(context.Request.Body, CompressionMode.Decompress)
            : context.Request.Body;
        var buffer = new byte[81920];
        for (int read; (read = await source.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            if (body.Length + read > Largest)
            {
                context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
                return;
            }

            body.Write(buffer, 0, read);
        }

        try
        {
            take(parser.ParseFrom(body.GetBuffer(), 0, (int)body.Length));
        }
        catch (InvalidProtocolBufferException)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        // An empty message: everything was accepted.
        context.Response.ContentType = "application/x-protobuf";
    }
}

internal sealed class TraceReceiver(OtlpReceiver receiver) : TraceService.TraceServiceBase
{
    public override Task<ExportTraceServiceResponse> Export(ExportTraceServiceRequest request, ServerCallContext context)
    {
        receiver.Take(request);
        return Task.FromResult(new ExportTraceServiceResponse());
    }
}

internal sealed class MetricsReceiver(OtlpReceiver receiver) : MetricsService.MetricsServiceBase
{
    public override Task<ExportMetricsServiceResponse> Export(ExportMetricsServiceRequest request, ServerCallContext context)
    {
        receiver.Take(request);
        return Task.FromResult(new ExportMetricsServiceResponse());
    }
}

internal sealed class LogsReceiver : LogsService.LogsServiceBase
{
    public override Task<ExportLogsServiceResponse> Export(ExportLogsServiceRequest request, ServerCallContext context) =>
        Task.FromResult(new ExportLogsServiceResponse());
}
