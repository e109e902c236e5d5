using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Physician.Admission;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Writing;

/// <summary>Gives signed opinions over gRPC to intake, which knows whose case it is and hands them to the patient.</summary>
internal sealed class ServeOpinions(NpgsqlDataSource dataSource, Keyring keyring) : Opinions.OpinionsBase
{
    private const int ChunkLength = 64 * 1024;

    public override Task<Opinion> Get(GetOpinionRequest request, ServerCallContext context) => dataSource.InTransaction(async db =>
    {
        var signed = (await Find(db, request, context, "read")).OrThrow();
        var content = await signed.ReadContent(db, keyring);
        var physician = await PhysicianRow.Find(db, signed.PhysicianId);
        return new Opinion
        {
            OpinionId = signed.OpinionId.ToString(),
            CaseId = signed.CaseId.ToString(),
            Version = signed.Version,
            SignedAt = Timestamp.FromDateTimeOffset(signed.SignedAt),
            PhysicianDisplayName = physician?.DisplayName ?? "",
            Sha256 = signed.Sha256,
            SizeBytes = signed.SizeBytes,
            Diagnosis = content.Diagnosis!.Value.Word(),
            Treatment = content.Treatment!.Value.Word(),
            Impact = content.Impact!.Value.Word(),
        };
    }, context.CancellationToken);

    public override async Task Download(GetOpinionRequest request, IServerStreamWriter<OpinionChunk> responseStream, ServerCallContext context)
    {
        var pdf = await dataSource.InTransaction(
            async db => await (await Find(db, request, context, "download")).OrThrow().ReadPdf(db, keyring), context.CancellationToken);
        for (var sent = 0; sent < pdf.Length; sent += ChunkLength)
        {
            var chunk = UnsafeByteOperations.UnsafeWrap(pdf.AsMemory(sent, Math.Min(ChunkLength, pdf.Length - sent)));
            await responseStream.WriteAsync(new OpinionChunk { Data = chunk }, context.CancellationToken);
        }
    }

    /// <summary>The signed version, with the read put on record in the same transaction.</summary>
    private static async Task<Result<SignedOpinion>> Find(NpgsqlConnection db, GetOpinionRequest request, ServerCallContext context, string action)
    {
        var signed = Guid.TryParse(request.CaseId, out var caseId) ? await SignedOpinion.Find(db, caseId, request.Version) : null;
        if (signed is null)
        {
            return CommonProblems.Absent();
        }

        await AuditTrail.Record(db, context.GetHttpContext().User, action, "opinion", signed.OpinionId, "second_opinion");
        return signed;
    }
}
