using Grpc.Core;
using Grpc.Net.Client.Configuration;
using Grpc.Wire;

namespace Grpc.Net.Client;

public sealed class GrpcChannelOptions
{
    /// <summary>By default what the address says: <c>http</c> is insecure, <c>https</c> is TLS.</summary>
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>Bytes; null for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Bytes; 4 MB unless set, null for no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = Protocol.DefaultMaxReceiveMessageSize;

    /// <summary>Instead of <see cref="HttpHandler"/>.</summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>Instead of the channel's own handler, which keeps one HTTP/2 connection or as many as the streams need.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether disposing of the channel disposes of the given client or handler.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>Whether a cancelled call throws <see cref="OperationCanceledException"/> rather than <see cref="RpcException"/>.</summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }

    /// <summary>Whether call credentials may travel without TLS.</summary>
    public bool UnsafeUseInsecureChannelCallCredentials { get; set; }

    /// <summary>How to choose among several addresses.</summary>
    public ServiceConfig? ServiceConfig { get; set; }

    /// <summary>Where the resolver factories of addresses such as <c>static:///name</c> are registered.</summary>
    public IServiceProvider? ServiceProvider { get; set; }

    /// <summary>How long an address that failed is left out at first; doubled with each further failure.</summary>
    public TimeSpan InitialReconnectBackoff { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time that a failed address is left out; null for no limit.</summary>
    public TimeSpan? MaxReconnectBackoff { get; set; } = TimeSpan.FromSeconds(120);
}
