using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>What channel credentials say: with or without TLS, and with which call credentials.</summary>
internal sealed class ChannelSecurity : ChannelCredentialsConfiguratorBase
{
    public bool? IsSecure { get; private set; }

    public CallCredentials? CallCredentials { get; private set; }

    public static ChannelSecurity Read(ChannelCredentials? credentials)
    {
        var security = new ChannelSecurity();
        credentials?.InternalPopulateConfiguration(security, null);
        return security;
    }

    public override void SetInsecureCredentials(object? state) => IsSecure = false;

    public override void SetSslCredentials(
        object? state, string? rootCertificates, KeyCertificatePair? keyCertificatePair, VerifyPeerCallback? verifyPeerCallback)
    {
        if (rootCertificates is not null || keyCertificatePair is not null || verifyPeerCallback is not null)
        {
            throw new InvalidOperationException(
                "SslCredentials with non-null arguments is not supported by GrpcChannel. Set the certificates on the HTTP handler.");
        }

        IsSecure = true;
    }

    public override void SetCompositeCredentials(object? state, ChannelCredentials channelCredentials, CallCredentials callCredentials)
    {
        channelCredentials.InternalPopulateConfiguration(this, null);
        CallCredentials = callCredentials;
    }
}

/// <summary>Runs call credentials, single or composed, one after another.</summary>
internal sealed class CallCredentialsReader : CallCredentialsConfiguratorBase
{
    private readonly List<AsyncAuthInterceptor> interceptors = [];

    public static IReadOnlyList<AsyncAuthInterceptor> Read(params ReadOnlySpan<CallCredentials?> credentials)
    {
        var reader = new CallCredentialsReader();
        foreach (var one in credentials)
        {
            one?.InternalPopulateConfiguration(reader, null);
        }

        return reader.interceptors;
    }

    public override void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials)
    {
        foreach (var one in credentials)
        {
            one.InternalPopulateConfiguration(this, null);
        }
    }

    public override void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor) => interceptors.Add(interceptor);
}
