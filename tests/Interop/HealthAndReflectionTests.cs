using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using SecondOpinion.Tests.Support;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace SecondOpinion.Tests.Interop;

public sealed class HealthAndReflectionTests(Matrix matrix)
{
    [Fact]
    public async Task Health_follows_the_checks_of_the_application()
    {
        var database = HealthStatus.Healthy;
        await using var server = await StartAsync(() => database);
        using var channel = GrpcChannel.ForAddress(server.Address);
        var client = new Health.HealthClient(channel);

        (await client.CheckAsync(new HealthCheckRequest())).Status.ShouldBe(ServingStatus.Serving);
        database = HealthStatus.Degraded;
        (await client.CheckAsync(new HealthCheckRequest())).Status.ShouldBe(ServingStatus.Serving);
        database = HealthStatus.Unhealthy;
        (await client.CheckAsync(new HealthCheckRequest())).Status.ShouldBe(ServingStatus.NotServing);
        (await client.CheckAsync(new HealthCheckRequest { Service = "rest" })).Status.ShouldBe(ServingStatus.Serving);
        var unknown = await Should.ThrowAsync<RpcException>(async () => await client.CheckAsync(new HealthCheckRequest { Service = "other" }));
        unknown.StatusCode.ShouldBe(StatusCode.NotFound);
    }

    [Fact]
    public async Task Watching_tells_each_change_and_the_end()
    {
        var database = HealthStatus.Healthy;
        await using var server = await StartAsync(() => database);
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var watch = new Health.HealthClient(channel).Watch(new HealthCheckRequest());

        (await NextAsync(watch)).ShouldBe(ServingStatus.Serving);
        database = HealthStatus.Unhealthy;
        (await NextAsync(watch)).ShouldBe(ServingStatus.NotServing);
        database = HealthStatus.Healthy;
        (await NextAsync(watch)).ShouldBe(ServingStatus.Serving);
        var stopped = server.App.StopAsync();
        (await NextAsync(watch)).ShouldBe(ServingStatus.NotServing);
        (await watch.ResponseStream.MoveNext()).ShouldBeFalse();
        await stopped;
    }

    [Fact]
    public async Task Watching_what_is_not_there_says_so_and_waits()
    {
        await using var server = await StartAsync(() => HealthStatus.Healthy);
        using var channel = GrpcChannel.ForAddress(server.Address);
        using var watch = new Health.HealthClient(channel).Watch(new HealthCheckRequest { Service = "other" });

        (await NextAsync(watch)).ShouldBe(ServingStatus.ServiceUnknown);
    }

    [Fact]
    public async Task The_official_reflection_client_reads_our_services()
    {
        await using var server = await StartAsync(() => HealthStatus.Healthy);

        var seen = await matrix.Node.SendAsync<Reflected>(
            "reflect", new { address = server.Authority, symbol = "secondopinion.interop.v1.Echo" });

        seen.Services.ShouldBe(
            ["secondopinion.interop.v1.Echo", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"], ignoreOrder: true);
        seen.Methods.ShouldBe(["Unary", "ServerStream", "ClientStream", "Duplex"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("grpc.reflection.v1")]
    [InlineData("grpc.reflection.v1alpha")]
    public async Task Reflection_answers_by_name_by_symbol_and_with_errors(string version)
    {
        await using var server = await StartAsync(() => HealthStatus.Healthy);
        using var channel = GrpcChannel.ForAddress(server.Address);
        var marshaller = Marshallers.Create(
            message => Google.Protobuf.MessageExtensions.ToByteArray(message), ServerReflectionRequest.Parser.ParseFrom);
        var answers = Marshallers.Create(
            message => Google.Protobuf.MessageExtensions.ToByteArray(message), ServerReflectionResponse.Parser.ParseFrom);
        var method = new Method<ServerReflectionRequest, ServerReflectionResponse>(
            MethodType.DuplexStreaming, version + ".ServerReflection", "ServerReflectionInfo", marshaller, answers);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(method, null, default);

        async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest question)
        {
            await call.RequestStream.WriteAsync(question);
            (await call.ResponseStream.MoveNext()).ShouldBeTrue();
            return call.ResponseStream.Current;
        }

        var byName = await AskAsync(new ServerReflectionRequest { FileByFilename = "echo.proto" });
        var file = FileDescriptorProto.Parser.ParseFrom(byName.FileDescriptorResponse.FileDescriptorProto[0]);
        file.Package.ShouldBe("secondopinion.interop.v1");
        var bySymbol = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = "grpc.health.v1.HealthCheckResponse.ServingStatus" });
        FileDescriptorProto.Parser.ParseFrom(bySymbol.FileDescriptorResponse.FileDescriptorProto[0]).Package.ShouldBe("grpc.health.v1");
        var missing = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = "no.such.Thing" });
        missing.ErrorResponse.ErrorCode.ShouldBe((int)StatusCode.NotFound);
        missing.OriginalRequest.FileContainingSymbol.ShouldBe("no.such.Thing");
        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
    }

    private static async Task<ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        (await watch.ResponseStream.MoveNext(limit.Token)).ShouldBeTrue();
        return watch.ResponseStream.Current.Status;
    }

    private static Task<EchoServer> StartAsync(Func<HealthStatus> database) => EchoServer.StartAsync(
        build: builder =>
        {
            builder.Services.AddGrpcReflection();
            builder.Services.AddGrpcHealthChecks(options => options.Services.Map("rest", check => !check.Tags.Contains("db")))
                .AddCheck("database", () => new HealthCheckResult(database()), ["db"])
                .AddCheck("self", () => HealthCheckResult.Healthy());
            builder.Services.Configure<HealthCheckPublisherOptions>(options =>
            {
                options.Delay = TimeSpan.Zero;
                options.Period = TimeSpan.FromMilliseconds(1000);
            });
        },
        map: app =>
        {
            app.MapGrpcHealthChecksService();
            app.MapGrpcReflectionService();
        });

    private sealed record Reflected(string[] Services, string[] Methods);
}
