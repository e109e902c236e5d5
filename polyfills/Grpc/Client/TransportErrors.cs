using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>What HTTP's failures mean in gRPC.</summary>
internal static class TransportErrors
{
    /// <summary>Null when the response is a gRPC one.</summary>
    public static Status? Refuse(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var http = (int)response.StatusCode;
            return response.Headers.NonValidated.TryGetValues(Protocol.StatusHeader, out var code)
                && Protocol.TryParseStatus(code.ToString(), out var status)
                ? new Status(status, response.Headers.NonValidated.TryGetValues(Protocol.MessageHeader, out var message)
                    ? PercentEncoding.Decode(message.ToString())
                    : "")
                : new Status(Protocol.FromHttpStatus(http), $"Bad gRPC response. HTTP status code: {http}");
        }

        if (response.Version < HttpVersion.Version20)
        {
            return new Status(StatusCode.Internal, $"Bad gRPC response. Response protocol downgraded to HTTP/{response.Version.ToString(2)}.");
        }

        var contentType = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values) ? values.ToString() : "";
        return Protocol.IsGrpcContentType(contentType)
            ? null
            : new Status(StatusCode.Unknown, $"Bad gRPC response. Invalid content-type value: {contentType}");
    }

    public static Status Explain(Exception exception, bool isPastDeadline)
    {
        var code = Classify(exception);
        if (code == StatusCode.Cancelled && isPastDeadline)
        {
            return new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded", exception);
        }

        var detail = exception.Message;
        for (var inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            detail += $" {inner.GetType().Name}: {inner.Message}";
        }

        return new Status(code, $"Error starting gRPC call. {exception.GetType().Name}: {detail}", exception);
    }

    /// <summary>No connection was made, so that nothing of the request can have arrived.</summary>
    public static bool IsConnectFailure(HttpRequestException exception) => exception.HttpRequestError
        is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
        or HttpRequestError.ProxyTunnelError;

    /// <summary>
    /// The server took its leave (GOAWAY without an error) before it came to this request: the handler ends nothing else that way, and says it of a
    /// single stream in another sentence.
    /// </summary>
    public static bool IsUnprocessed(HttpRequestException exception) =>
        exception.InnerException is HttpProtocolException protocol && HasLeft(protocol);

    private static bool HasLeft(HttpProtocolException exception) =>
        exception.ErrorCode == 0 && exception.Message.Contains("closed the connection", StringComparison.Ordinal);

    private static StatusCode Classify(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                // The handler reports a peer that answers no ping as a protocol error; only the sentence tells.
                case HttpProtocolException ping when ping.Message.Contains("KeepAlivePing", StringComparison.Ordinal):
                    return StatusCode.Unavailable;
                case HttpProtocolException left when HasLeft(left):
                    return StatusCode.Unavailable;
                case HttpProtocolException protocol:
                    return Protocol.FromHttp2Error(protocol.ErrorCode);
                case HttpRequestException http when IsConnectFailure(http):
                case HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded }:
                case HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }:
                case SocketException:
                    return StatusCode.Unavailable;
            }
        }

        return exception is IOException ? StatusCode.Unavailable : StatusCode.Internal;
    }
}
