using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server;

/// <summary>The members that a service reads.</summary>
internal sealed partial class ServerCall
{
    protected override string MethodCore => method.FullName;

    protected override string HostCore => http.Request.Host.Value ?? "";

    protected override string PeerCore => http.Connection.RemoteIpAddress switch
    {
        null => "unknown",
        { AddressFamily: AddressFamily.InterNetwork } address => $"ipv4:{address}:{http.Connection.RemotePort}",
        { IsIPv4MappedToIPv6: true } address => $"ipv4:{address.MapToIPv4()}:{http.Connection.RemotePort}",
        IPAddress address => $"ipv6:[{address}]:{http.Connection.RemotePort}",
    };

    protected override DateTime DeadlineCore => deadline;

    protected override Metadata RequestHeadersCore
    {
        get
        {
            if (requestHeaders is null)
            {
                requestHeaders = [];
                foreach (var (name, values) in http.Request.Headers)
                {
                    if (!MetadataCodec.IsReserved(name))
                    {
                        foreach (var value in values)
                        {
                            MetadataCodec.AddReceived(requestHeaders, name, value ?? "");
                        }
                    }
                }
            }

            return requestHeaders;
        }
    }

    protected override CancellationToken CancellationTokenCore => Token;

    protected override Metadata ResponseTrailersCore => responseTrailers ??= [];

    protected override Status StatusCore
    {
        get => status;
        set => status = value;
    }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => http.Connection.ClientCertificate is { } certificate
        ? Describe(certificate)
        : new AuthContext(null, []);

    protected override IDictionary<object, object> UserStateCore => http.Items!;

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotImplementedException("CreatePropagationToken will be implemented in a future version.");

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        return WriteHeadersAsync(responseHeaders);
    }

    private static AuthContext Describe(X509Certificate2 certificate)
    {
        const string commonName = "x509_common_name";
        var properties = new Dictionary<string, List<AuthProperty>>();
        void Add(string name, string value)
        {
            if (!properties.TryGetValue(name, out var values))
            {
                properties[name] = values = [];
            }

            values.Add(AuthProperty.Create(name, Encoding.UTF8.GetBytes(value)));
        }

        foreach (var name in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(san => san.EnumerateDnsNames()))
        {
            Add("x509_subject_alternative_name", name);
        }

        if (certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is { Length: > 0 } subject)
        {
            Add(commonName, subject);
        }

        return new AuthContext(properties.Keys.FirstOrDefault(), properties);
    }
}
