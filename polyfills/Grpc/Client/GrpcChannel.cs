using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client.Balancer;

namespace Grpc.Net.Client;

/// <summary>A server, or several that serve the same, as clients call it. Channels are costly and meant to be shared.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly ConcurrentDictionary<IMethod, Uri> uris = new();
    private readonly CancellationTokenSource disposal = new();
    private readonly bool ownsInvoker;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority.Length > 0 ? address.Authority : address.ToString())
    {
        if (options is { HttpClient: not null, HttpHandler: not null })
        {
            throw new ArgumentException("HttpClient and HttpHandler have been configured. Only one HTTP caller can be specified.");
        }

        Options = options;
        var isResolved = address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps;
        var credentials = ChannelSecurity.Read(options.Credentials);
        IsSecure = credentials.IsSecure ?? address.Scheme == Uri.UriSchemeHttps;
        CallCredentials = credentials.CallCredentials;
        if (!isResolved && IsSecure != (address.Scheme == Uri.UriSchemeHttps))
        {
            throw new InvalidOperationException(
                $"Channel is configured with {(IsSecure ? "secure" : "insecure")} channel credentials and cannot use the scheme '{address.Scheme}'.");
        }

        Address = isResolved ? new Uri($"{(IsSecure ? Uri.UriSchemeHttps : Uri.UriSchemeHttp)}://{ResolverName(address)}") : address;
        ownsInvoker = options.DisposeHttpClient || (options.HttpClient is null && options.HttpHandler is null);
        Invoker = CreateInvoker(address, options, isResolved);
    }

    internal GrpcChannelOptions Options { get; }

    internal Uri Address { get; }

    internal bool IsSecure { get; }

    internal CallCredentials? CallCredentials { get; }

    internal HttpMessageInvoker Invoker { get; }

    /// <summary>Cancelled when the channel is disposed of.</summary>
    internal CancellationToken Disposal => disposal.Token;

    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) => ForAddress(new Uri(address), channelOptions);

    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        return new GrpcChannel(address, channelOptions);
    }

    public override CallInvoker CreateCallInvoker()
    {
        ObjectDisposedException.ThrowIf(Disposal.IsCancellationRequested, this);
        return new ChannelCallInvoker(this);
    }

    /// <summary>Ends the calls that are still running.</summary>
    public void Dispose()
    {
        disposal.Cancel();
        if (ownsInvoker)
        {
            Invoker.Dispose();
        }
    }

    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }

    internal Uri UriOf(IMethod method) => uris.GetOrAdd(method, static (one, address) => new Uri(address, one.FullName), Address);

    /// <summary>The call injects the trace context itself, so that one call is one client activity, not a second one for HTTP.</summary>
    internal static SocketsHttpHandler CreateHandler() => new()
    {
        EnableMultipleHttp2Connections = true,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        UseProxy = false,
        ActivityHeadersPropagator = null,
    };

    private static string ResolverName(Uri address) =>
        address.Authority.Length > 0 ? address.Authority : address.AbsolutePath.Trim('/') is { Length: > 0 } name ? name : "localhost";

    private static HttpMessageInvoker CreateInvoker(Uri address, GrpcChannelOptions options, bool isResolved)
    {
        if (options.HttpClient is not null)
        {
            return isResolved
                ? throw new ArgumentException($"An address with the scheme '{address.Scheme}' needs an HttpHandler, not an HttpClient.")
                : options.HttpClient;
        }

        var handler = options.HttpHandler ?? CreateHandler();
        return new HttpMessageInvoker(
            isResolved ? BalancingHandler.Create(address, options, handler) : handler,
            disposeHandler: options.HttpHandler is null || options.DisposeHttpClient);
    }
}
