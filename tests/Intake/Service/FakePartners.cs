using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Physician.V1;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>Billing and physician as intake sees them: real gRPC servers on a real port, whose answers the test decides.</summary>
public sealed class FakePartners : IAsyncDisposable
{
    private WebApplication? _app;
    private int _port;

    public FakeBilling Billing { get; } = new();

    public FakePhysician Physician { get; } = new();

    /// <summary>Opinions on their way to the treating physician, by case.</summary>
    public ConcurrentDictionary<Guid, Share> Shares { get; } = new();

    public Uri Address => new($"http://127.0.0.1:{_port}");

    public async Task Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(System.Net.IPAddress.Loopback, _port, listen => listen.Protocols = HttpProtocols.Http2));

        builder.Services.AddGrpc();
        builder.Services.AddSingleton(Billing);
        builder.Services.AddSingleton(Physician);
        builder.Services.AddSingleton(Shares);
        _app = builder.Build();
        _app.MapGrpcService<FakeBilling>();
        _app.MapGrpcService<FakePhysician>();
        _app.MapGrpcService<FakeShares>();
        await _app.StartAsync();
        _port = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    /// <summary>The process is gone: connections are refused until <see cref="Start"/>, which takes the same port.</summary>
    public async Task Stop()
    {
        if (_app is { } app)
        {
            _app = null;
            await app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync() => await Stop();
}

/// <summary>Covers everybody but the member numbers that start with NON.</summary>
public sealed class FakeBilling : Eligibility.EligibilityBase
{
    public static readonly Guid Insurer = Guid.Parse("0199c8f0-0000-7000-8000-000000000001");

    /// <summary>The use was free at the check and is gone at the reservation.</summary>
    public bool NoUseLeft { get; set; }

    public ConcurrentQueue<CheckRequest> Checks { get; } = new();

    public ConcurrentDictionary<string, ReserveRequest> Reservations { get; } = new();

    public override Task<CheckReply> Check(CheckRequest request, ServerCallContext context)
    {
        Checks.Enqueue(request);
        if (request.MemberNumber.StartsWith("MANY", StringComparison.Ordinal))
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, ""), new Metadata { { "error-code", "BIL-0001" } });
        }

        if (request.MemberNumber.StartsWith("OTHER", StringComparison.Ordinal))
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, ""), new Metadata { { "error-code", "BIL-0007" } });
        }

        return Task.FromResult(Refuses(request)
            ? new CheckReply
            {
                Reference = request.Reference,
                RefusalCode = "not_recognised",
                RefusalText = "Votre mutuelle ne vous reconnaît pas.",
                InsurerId = Insurer.ToString(),
            }
            : new CheckReply
            {
                Reference = request.Reference,
                Recognised = true,
                Covered = true,
                ServiceIncluded = true,
                EngagementNumber = "ENG-1",
                InsurerId = Insurer.ToString(),
                InsurerName = "Mutuelle Fictive du Centre",
                RosterVersion = 3,
            });
    }

    public override Task<ReserveReply> Reserve(ReserveRequest request, ServerCallContext context)
    {
        Reservations[request.CaseId] = request;
        return Task.FromResult(NoUseLeft || Refuses(request.Person)
            ? new ReserveReply { RefusalCode = "no_use_left", RefusalText = "Vous avez déjà utilisé ce service cette année." }
            : new ReserveReply { Reserved = true, InsurerId = Insurer.ToString(), EngagementNumber = $"ENG-{request.CaseId[^4..]}" });
    }

    private static bool Refuses(CheckRequest person) => person.MemberNumber.StartsWith("NON", StringComparison.Ordinal);
}

public sealed class FakePhysician : Opinions.OpinionsBase
{
    public ConcurrentDictionary<string, byte[]> Signed { get; } = new();

    public override Task<Opinion> Get(GetOpinionRequest request, ServerCallContext context) =>
        Signed.TryGetValue(request.CaseId, out var pdf)
            ? Task.FromResult(new Opinion
            {
                OpinionId = Guid.CreateVersion7().ToString(),
                CaseId = request.CaseId,
                Version = 1,
                SignedAt = DateTimeOffset.UnixEpoch.ToTimestamp(),
                PhysicianDisplayName = "Pr Claire FICTIVE",
                Sha256 = "ab",
                SizeBytes = pdf.Length,
                Diagnosis = "confirmed",
                Treatment = "changed",
                Impact = "major",
            })
            : throw new RpcException(new Status(StatusCode.NotFound, "none"));

    public override async Task Download(GetOpinionRequest request, IServerStreamWriter<OpinionChunk> responseStream, ServerCallContext context)
    {
        foreach (var part in Signed[request.CaseId].Chunk(1000))
        {
            await responseStream.WriteAsync(new OpinionChunk { Data = ByteString.CopyFrom(part) });
        }
    }
}

public sealed class FakeShares(ConcurrentDictionary<Guid, Share> held) : Shares.SharesBase
{
    public override Task<ListSharesReply> List(ListSharesRequest request, ServerCallContext context) => Task.FromResult(
        new ListSharesReply { Shares = { held.TryGetValue(Guid.Parse(request.CaseId), out var share) ? [share] : Array.Empty<Share>() } });
}
