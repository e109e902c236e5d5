using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Intake.V1;

namespace SecondOpinion.Tests.Physician;

/// <summary>Stands in for intake's gRPC: holds files, remembers which tokens and questions came.</summary>
public sealed class FakeIntake : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeIntake(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    public ConcurrentDictionary<Guid, Dossier> Files { get; } = new();

    public ConcurrentDictionary<string, byte[]> Documents { get; } = new();

    public ConcurrentDictionary<string, string> Questions { get; } = new();

    public ConcurrentQueue<string> Tokens { get; } = new();

    /// <summary>Chunks sent so far by downloads: shows that they are passed on as they come.</summary>
    public int ChunksSent;

    /// <summary>Where each download was asked to begin.</summary>
    public ConcurrentQueue<long> DownloadsFrom { get; } = [];

    /// <summary>How often a whole file was asked for.</summary>
    public int DossiersRead;

    /// <summary>Cases that intake no longer lets their physician read.</summary>
    public ConcurrentDictionary<string, bool> Closed { get; } = new();

    public StatusCode? Fails { get; set; }

    /// <summary>Whose opinion goes to whom; a case that is not here was not agreed to.</summary>
    public ConcurrentDictionary<Guid, FindRecipientReply> Recipients { get; } = new();

    /// <summary>What billing, which answers at the same address, says of a physician's year.</summary>
    public ConcurrentDictionary<(Guid Physician, int Year), StatementReply> Statements { get; } = new();

    /// <summary>Happens after the recipient was told and before it is confirmed.</summary>
    public Action<Guid> BeforeConfirming { get; set; } = _ => { };

    public static async Task<FakeIntake> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(System.Net.IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        FakeIntake? intake = null;
        builder.Services.AddSingleton(_ => intake!);
        var app = builder.Build();
        intake = new FakeIntake(app);
        app.MapGrpcService<Service>();
        app.MapGrpcService<SharingDesk>();
        app.MapGrpcService<FeesDesk>();
        await app.StartAsync();
        intake.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
        return intake;
    }

    public void Hold(Guid caseId, params string[] questions)
    {
        var dossier = new Dossier
        {
            CaseId = caseId.ToString(),
            State = "assigned",
            PathologyCode = "endometriose",
            PathologyName = "Endométriose",
            AgeYears = 37,
            Sex = "F",
            Questions = { questions },
            CompletedAt = Timestamp.FromDateTime(DateTime.UnixEpoch),
            DueAt = Timestamp.FromDateTime(DateTime.UnixEpoch.AddDays(7)),
            Answers = { new Answer { QuestionId = "pain", Question = "Avez-vous mal ?", Value = "Oui" } },
        };
        Files[caseId] = dossier;
    }

    public Guid Attach(Guid caseId, byte[] content, string mediaType, string fileName, bool active = false)
    {
        var id = Guid.CreateVersion7();
        Files[caseId].Documents.Add(new DocumentSummary
        {
            DocumentId = id.ToString(),
            TypeCode = "mri",
            FileName = fileName,
            MediaType = mediaType,
            SizeBytes = content.Length,
            ActiveContent = active,
            Sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)),
        });
        Documents[id.ToString()] = content;
        return id;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    internal sealed class SharingDesk(FakeIntake intake) : Contracts.Intake.V1.Sharing.SharingBase
    {
        public override Task<FindRecipientReply> Find(FindRecipientRequest request, ServerCallContext context) =>
            Task.FromResult(intake.Recipients.GetValueOrDefault(Guid.Parse(request.CaseId)) ?? new FindRecipientReply { Refusal = "not_agreed" });

        public override Task<ConfirmSharingReply> Confirm(ConfirmSharingRequest request, ServerCallContext context)
        {
            var id = Guid.Parse(request.CaseId);
            intake.BeforeConfirming(id);
            var found = intake.Recipients.GetValueOrDefault(id);
            return Task.FromResult(new ConfirmSharingReply
            {
                Refusal = found is null ? "not_agreed" : found.Refusal.Length > 0 ? found.Refusal : found.Rpps == request.Rpps ? "" : "not_agreed",
            });
        }
    }

    internal sealed class FeesDesk(FakeIntake intake) : Fees.FeesBase
    {
        public override Task<StatementReply> Statement(StatementRequest request, ServerCallContext context) => intake.Fails is { } status
            ? throw new RpcException(new Status(status, ""))
            : Task.FromResult(intake.Statements.GetValueOrDefault((Guid.Parse(request.PhysicianId), request.Year)) ?? new StatementReply());
    }

    internal sealed class Service(FakeIntake intake) : Dossiers.DossiersBase
    {
        public override Task<CheckAccessReply> CheckAccess(CheckAccessRequest request, ServerCallContext context)
        {
            Judge(context);
            return intake.Closed.ContainsKey(request.CaseId)
                ? throw new RpcException(new Status(StatusCode.NotFound, ""), new Metadata { { "error-code", "INT-0023" } })
                : Task.FromResult(new CheckAccessReply());
        }

        public override Task<Dossier> Get(GetDossierRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref intake.DossiersRead);
            Judge(context);
            return Task.FromResult(intake.Files.GetValueOrDefault(Guid.Parse(request.CaseId)) ?? throw new RpcException(new Status(StatusCode.NotFound, "")));
        }

        public override async Task Download(DownloadDocumentRequest request, IServerStreamWriter<DocumentChunk> responseStream, ServerCallContext context)
        {
            Judge(context);
            var document = intake.Files.GetValueOrDefault(Guid.Parse(request.CaseId))?.Documents.SingleOrDefault(d => d.DocumentId == request.DocumentId)
                ?? throw new RpcException(new Status(StatusCode.NotFound, ""));
            var content = intake.Documents[request.DocumentId];
            intake.DownloadsFrom.Enqueue(request.Offset);
            var begin = (int)(request.Offset < 0 ? Math.Max(0, content.Length + request.Offset) : request.Offset);
            if (begin >= content.Length)
            {
                await responseStream.WriteAsync(new DocumentChunk { Document = document });
                return;
            }

            foreach (var chunk in content[begin..].Chunk(64 * 1024))
            {
                await responseStream.WriteAsync(new DocumentChunk { Data = ByteString.CopyFrom(chunk), Document = document });
                document = null;
                Interlocked.Increment(ref intake.ChunksSent);
            }
        }

        public override Task<RequestInformationReply> RequestInformation(RequestInformationRequest request, ServerCallContext context)
        {
            Judge(context);
            intake.Questions.TryAdd(request.RequestId, request.Text);
            return Task.FromResult(new RequestInformationReply { RequestedAt = Timestamp.FromDateTime(DateTime.UnixEpoch.AddDays(20_000)) });
        }

        private void Judge(ServerCallContext context)
        {
            intake.Tokens.Enqueue(context.RequestHeaders.GetValue("authorization") ?? "");
            if (intake.Fails is { } status)
            {
                throw new RpcException(new Status(status, ""));
            }
        }
    }
}
