using System.Security.Claims;
using Google.Protobuf;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Documents;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.PhysicianAccess;

/// <summary>One document's bytes for the assigned physician, opened chunk by chunk: at no time is the whole file in memory or in clear on disk.</summary>
internal static class StreamDocument
{
    private const int ChunkSize = 64 * 1024;

    public static async Task Handle(
        NpgsqlDataSource dataSource, Keyring keyring, DocumentStore store, ClaimsPrincipal user, Guid caseId, Guid documentId, long offset,
        IServerStreamWriter<DocumentChunk> chunks, DateTimeOffset now, CancellationToken cancel)
    {
        var readable = (await dataSource.InTransaction<Result<DownloadDocument.Readable>>(async db =>
        {
            if (!(await AssignedPhysician.Case(db, user, caseId, now)).TryGet(out _, out var absent))
            {
                return absent;
            }

            if (await DownloadDocument.Find(db, keyring, caseId, documentId) is not { } found || found.TypeCode == PathologyCatalogue.AuthorityProof)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "download", "document", documentId, "second_opinion");
            return found;
        }, cancel)).OrThrow();

        await using var file = readable.Open(store);
        var described = new DocumentSummary
        {
            DocumentId = documentId.ToString(),
            TypeCode = readable.TypeCode,
            FileName = readable.Name,
            MediaType = readable.MediaType,
            SizeBytes = readable.Size,
            Sha256 = readable.Sha256,
            ActiveContent = readable.ActiveContent,
        };
        var begin = offset < 0 ? Math.Max(0, file.Length + offset) : offset;
        if (begin >= file.Length)
        {
            await chunks.WriteAsync(new DocumentChunk { Document = described }, cancel);
            return;
        }

        file.Position = begin;
        var buffer = new byte[ChunkSize];
        while (file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) is > 0 and var read)
        {
            await chunks.WriteAsync(new DocumentChunk { Data = ByteString.CopyFrom(buffer, 0, read), Document = described }, cancel);
            described = null;
        }
    }
}
