using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>
/// Two ports: <c>HTTP_PORT</c> speaks HTTP/1.1 and <c>GRPC_PORT</c> HTTP/2, since without TLS one port cannot negotiate both. 0 takes a free one.
/// <c>LISTEN_ADDRESS</c> is loopback unless set (a container sets <c>0.0.0.0</c>).
/// </summary>
internal static class Ports
{
    public static void AddPorts(this WebApplicationBuilder builder)
    {
        var address = IPAddress.Parse(builder.Configuration["LISTEN_ADDRESS"] ?? "127.0.0.1");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1 << 20; // an upload route raises it for itself
            if (builder.Configuration.GetValue<int?>("HTTP_PORT") is { } http)
            {
                kestrel.Listen(address, http, listen => listen.Protocols = HttpProtocols.Http1);
            }

            if (builder.Configuration.GetValue<int?>("GRPC_PORT") is { } grpc)
            {
                kestrel.Listen(address, grpc, listen => listen.Protocols = HttpProtocols.Http2);
            }
        });
    }
}
