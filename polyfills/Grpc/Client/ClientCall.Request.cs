using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>What a call sends before its messages.</summary>
internal abstract partial class ClientCall
{
    /// <summary>Header by which a caller asks for its request to be compressed, as in Grpc.Net.Client.</summary>
    private const string CompressRequestHeader = "grpc-internal-encoding-request";

    private HttpRequestMessage CreateRequest(HttpContent content)
    {
        content.Headers.TryAddWithoutValidation("Content-Type", Protocol.ContentType);
        var request = new HttpRequestMessage(HttpMethod.Post, channel.UriOf(method))
        {
            Version = System.Net.HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        var outgoing = request.Headers;
        outgoing.TryAddWithoutValidation("TE", "trailers");
        outgoing.TryAddWithoutValidation("User-Agent", "grpc-dotnet/2.85.0");
        outgoing.TryAddWithoutValidation(Protocol.AcceptEncodingHeader, MessageEncoding.Accepted);
        if (host is not null)
        {
            outgoing.Host = host;
        }

        if (RequestEncoding is not null)
        {
            outgoing.TryAddWithoutValidation(Protocol.EncodingHeader, RequestEncoding);
        }

        if (deadline is not null)
        {
            outgoing.TryAddWithoutValidation(Protocol.TimeoutHeader, Protocol.FormatTimeout(Remaining(deadline.Value)));
        }

        if (options.Headers is { Count: > 0 } metadata)
        {
            AddMetadata(outgoing, metadata);
        }

        return request;
    }

    private static void AddMetadata(HttpRequestHeaders outgoing, Metadata metadata)
    {
        foreach (var entry in metadata)
        {
            if (!MetadataCodec.IsReserved(entry.Key))
            {
                if (entry.Key == "user-agent")
                {
                    outgoing.Remove("User-Agent");
                }

                outgoing.TryAddWithoutValidation(entry.Key, MetadataCodec.HeaderValue(entry));
            }
        }
    }

    private async Task AddCredentialsAsync(HttpRequestMessage request)
    {
        if (!channel.IsSecure && !channel.Options.UnsafeUseInsecureChannelCallCredentials)
        {
            return;
        }

        // What the credentials may see of the call: its service and its method, not its content.
        var service = new Uri(channel.Address, method.ServiceName).AbsoluteUri;
        var context = new AuthInterceptorContext(service, method.Name, Token);
        foreach (var interceptor in CallCredentialsReader.Read(channel.CallCredentials, options.Credentials))
        {
            var added = new Metadata();
            try
            {
                await interceptor(context, added).ConfigureAwait(false);
            }
            catch (Exception ex) when (ex is not (RpcException or OperationCanceledException))
            {
                throw new RpcException(new Status(StatusCode.Internal, "Error getting the call's credentials.", ex));
            }

            AddMetadata(request.Headers, added);
        }
    }
}
