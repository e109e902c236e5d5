using System.Net;
using System.Net.Http.Headers;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Tests.Support;

/// <summary>Who gets into which gRPC method of a running service: every method that it has, tried as every caller there is.</summary>
public static class GrpcDoors
{
    public static readonly string[] Services = ["gateway", "intake", "billing", "matching", "physician", "reporting", "identity", "stranger"];

    /// <returns><c>METHOD: CALLER, CALLER…</c> for each method, sorted; a person vouched for by a service is <c>PERSON by SERVICE</c>.</returns>
    public static async Task<string[]> Open<TProgram>(ServiceUnderTest<TProgram> service) where TProgram : class
    {
        var callers = new List<(string Who, string? Token, string? Voucher)> { ("nobody", null, null) };
        callers.AddRange(Services.Select(name => (name, (string?)TestTokens.Service(name), (string?)null)));
        callers.Add(("service without a name", TestTokens.Create(Roles.Service, "x"), null));
        foreach (var role in Roles.All.Where(r => r != Roles.Service))
        {
            callers.Add((role, TestTokens.Of(role), null));
            // A person cannot vouch, not even with the name of a service.
            callers.Add(($"{role} by {role}", TestTokens.Of(role), TestTokens.Create(role, "x", ("client_id", "physician"))));
            callers.AddRange(Services.Select(name => ($"{role} by {name}", (string?)TestTokens.Of(role), (string?)TestTokens.Service(name))));
        }

        using var http = new HttpClient(new SocketsHttpHandler { EnableMultipleHttp2Connections = true });
        var open = new List<string>();
        foreach (var method in service.Services.GetRequiredService<EndpointDataSource>().Endpoints.SelectMany(e =>
            e.Metadata.OfType<GrpcMethodMetadata>()).Select(m => m.Method.FullName))
        {
            var welcome = new List<string>();
            foreach (var (who, token, voucher) in callers)
            {
                if (await GetsIn(http, new Uri(service.GrpcAddress, method), token, voucher))
                {
                    welcome.Add(who);
                }
            }

            open.Add($"{method}: {string.Join(", ", welcome)}");
        }

        return [.. open.Order(StringComparer.Ordinal)];
    }

    /// <summary>An empty message: whoever gets in is told that it is wrong, or gets an answer.</summary>
    private static async Task<bool> GetsIn(HttpClient http, Uri method, string? token, string? voucher)
    {
        using var call = new HttpRequestMessage(HttpMethod.Post, method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[5]) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } },
        };
        call.Headers.Add("te", "trailers");
        call.Headers.Add("grpc-timeout", "20S");
        if (token is not null)
        {
            call.Headers.Authorization = new("Bearer", token);
        }

        if (voucher is not null)
        {
            call.Headers.Add("Service-Authorization", $"Bearer {voucher}");
        }

        using var answer = await http.SendAsync(call, HttpCompletionOption.ResponseHeadersRead);
        return answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => false,
            HttpStatusCode.OK => true,
            var other => throw new InvalidOperationException($"{method}: {(int)other}"),
        };
    }
}
