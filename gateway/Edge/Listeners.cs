using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace SecondOpinion.Gateway.Edge;

/// <summary>
/// Who may hold how many connections, how slowly, and TLS by the gateway itself: <c>Tls:CertificatePath</c> and <c>Tls:KeyPath</c> (PEM) open
/// <c>HTTPS_PORT</c> (8443 unless set) with
/// HTTP/1.1 and HTTP/2. A renewed certificate is taken up within a minute.
/// </summary>
internal static class Listeners
{
    /// <summary>Before the shared ports are opened: what is set here is true of every listener.</summary>
    public static void AddListeners(this WebApplicationBuilder builder)
    {
        var proxies = new TrustedProxies(builder.Configuration);
        builder.Services.AddSingleton(proxies);
        var connections = new ConnectionsByAddress(builder.Configuration.GetValue<int?>("Gateway:ConnectionsPerAddress") ?? 256, proxies);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureEndpointDefaults(listen => listen.Use(connections.Limit));
            kestrel.Limits.MaxConcurrentConnections = builder.Configuration.GetValue<long?>("Gateway:Connections") ?? 30_000;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
            kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(bytesPerSecond: 1000, gracePeriod: TimeSpan.FromSeconds(10));
            kestrel.Limits.MinResponseDataRate = new MinDataRate(bytesPerSecond: 1000, gracePeriod: TimeSpan.FromSeconds(10));
            kestrel.Limits.Http2.MaxStreamsPerConnection = 64;
            if (builder.Configuration["Tls:CertificatePath"] is { Length: > 0 } path)
            {
                var certificate = new ServedCertificate(
                    path,
                    builder.Configuration["Tls:KeyPath"]
                        ?? throw new InvalidOperationException("Tls:KeyPath is not set: it names the private key (PEM) of Tls:CertificatePath."),
                    TimeProvider.System);
                var address = IPAddress.Parse(builder.Configuration["LISTEN_ADDRESS"] ?? "127.0.0.1");
                kestrel.Listen(address, builder.Configuration.GetValue<int?>("HTTPS_PORT") ?? 8443, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    listen.UseHttps(https =>
                    {
                        https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                        https.ServerCertificateSelector = (_, _) => certificate.Current();
                    });
                });
            }
        });
    }
}

/// <summary>One address holds so many connections; a proxy of ours, who speaks for many, any number.</summary>
internal sealed class ConnectionsByAddress(int most, TrustedProxies proxies)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _open = [];

    public ConnectionDelegate Limit(ConnectionDelegate next) => async connection =>
    {
        if ((connection.RemoteEndPoint as IPEndPoint)?.Address is not { } address || proxies.Contains(address))
        {
            await next(connection);
            return;
        }

        address = Network(address);
        lock (_gate)
        {
            var open = _open.GetValueOrDefault(address);
            if (open >= most)
            {
                // Before TLS and before a byte is read: an answer would cost more than it is worth.
                connection.Abort(new ConnectionAbortedException("This address has as many connections as it may."));
                return;
            }

            _open[address] = open + 1;
        }

        try
        {
            await next(connection);
        }
        finally
        {
            lock (_gate)
            {
                if (_open[address]-- == 1)
                {
                    _open.Remove(address);
                }
            }
        }
    };

    /// <summary>An IPv6 caller owns 2^64 addresses: they count as one.</summary>
    internal static IPAddress Network(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        var bytes = address.GetAddressBytes();
        if (bytes.Length == 16)
        {
            bytes.AsSpan(8).Clear();
        }

        return new IPAddress(bytes);
    }
}

/// <summary>The certificate in its files, read again when they change.</summary>
internal sealed class ServedCertificate
{
    private static readonly TimeSpan Between = TimeSpan.FromMinutes(1);
    private readonly string _path;
    private readonly string _keyPath;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private X509Certificate2 _current;
    private DateTime _written;
    private long _looked;

    /// <exception cref="System.Security.Cryptography.CryptographicException">The files are no certificate and its key.</exception>
    public ServedCertificate(string path, string keyPath, TimeProvider time)
    {
        (_path, _keyPath, _time) = (path, keyPath, time);
        _current = Read();
        _looked = time.GetTimestamp();
    }

    public X509Certificate2 Current()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_looked) >= Between)
            {
                _looked = _time.GetTimestamp();
                if (File.GetLastWriteTimeUtc(_path) != _written)
                {
                    // Not disposed of: handshakes under way may still use the former one.
                    _current = Read();
                }
            }

            return _current;
        }
    }

    private X509Certificate2 Read()
    {
        _written = File.GetLastWriteTimeUtc(_path);
        return X509Certificate2.CreateFromPemFile(_path, _keyPath);
    }
}
