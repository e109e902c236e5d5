using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>What a handler needs besides its own method.</summary>
internal sealed record HandlerHost<TService>(
    ServiceSettings Settings, ServerTelemetry Telemetry, ILogger Logger, ServiceActivator<TService> Activator, InterceptorActivator[] Interceptors,
    IMethod Method)
    where TService : class;

/// <summary>Takes a request in: is it gRPC at all, and if so a call of which kind.</summary>
internal abstract class ServerCallHandler
{
    public abstract Task HandleAsync(HttpContext http);

    /// <summary>An answer without a message: the status goes in the only header block.</summary>
    public static Task RefuseAsync(HttpContext http, Status status)
    {
        if (!IsGrpc(http, out var refusal))
        {
            return refusal;
        }

        http.Response.ContentType = Protocol.ContentType;
        ServerCall.WriteStatus(http.Response.Headers, status);
        return Task.CompletedTask;
    }

    protected static bool IsGrpc(HttpContext http, out Task refusal)
    {
        refusal = Task.CompletedTask;
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) && !HttpProtocol.IsHttp3(http.Request.Protocol))
        {
            // A browser or an HTTP/1.1 client: it reads the HTTP status, not ours.
            refusal = RefuseHttp(http, StatusCodes.Status426UpgradeRequired, $"Request protocol '{http.Request.Protocol}' is not supported.");
            http.Response.Headers.Upgrade = "HTTP/2";
            return false;
        }

        if (http.Request.ContentType is not { } contentType || !Protocol.IsGrpcContentType(contentType))
        {
            refusal = RefuseHttp(
                http, StatusCodes.Status415UnsupportedMediaType, $"Content-Type '{http.Request.ContentType}' is not supported.");
            return false;
        }

        return true;
    }

    private static Task RefuseHttp(HttpContext http, int httpStatus, string detail)
    {
        http.Response.StatusCode = httpStatus;
        ServerCall.WriteStatus(http.Response.Headers, new Status(StatusCode.Internal, detail));
        return Task.CompletedTask;
    }
}

internal abstract class ServerCallHandler<TService, TRequest, TResponse>(HandlerHost<TService> host, Method<TRequest, TResponse> method)
    : ServerCallHandler
    where TService : class
    where TRequest : class
    where TResponse : class
{
    protected Method<TRequest, TResponse> Method => method;

    protected HandlerHost<TService> Host => host;

    public override Task HandleAsync(HttpContext http)
    {
        if (!IsGrpc(http, out var refusal))
        {
            return refusal;
        }

        if (method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming)
        {
            AllowLongRequest(http);
        }

        return RunAsync(new ServerCall(http, host.Settings, host.Logger, method));
    }

    /// <summary>Reads, calls the service and writes; the status is the caller's business.</summary>
    protected abstract Task InvokeAsync(ServerCall call, TService service);

    private static void AllowLongRequest(HttpContext http)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }
    }

    private async Task RunAsync(ServerCall call)
    {
        var started = host.Telemetry.Start(method);
        try
        {
            call.Start();
            var service = host.Activator.Create(call.Http);
            try
            {
                await InvokeAsync(call, service);
            }
            finally
            {
                if (host.Activator.IsOwned)
                {
                    await Disposal.DisposeAsync(service);
                }
            }

            call.Complete();
        }
        catch (Exception ex)
        {
            call.Fail(ex);
        }

        await call.EndAsync();
        host.Telemetry.Stop(method, call.FinalStatus, started);
    }
}
