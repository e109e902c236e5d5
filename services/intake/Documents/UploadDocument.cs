using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Documents.Recognition;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Documents;

/// <summary>Takes one document: streamed to disk sealed, hashed on the way, recognised by its content, and only then part of the case.</summary>
internal static class UploadDocument
{
    private const int LongestName = 200;
    private static readonly SemaphoreSlim Recognitions = new(Math.Max(2, Environment.ProcessorCount));

    /// <summary>What an Idempotency-Key is compared with: not the bytes, their hash.</summary>
    internal sealed record UploadedDocument(string Type, string FileName, long SizeBytes, string Sha256);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/documents", Handle)
        .AllowRoles(Access.Patient, Access.Agent, Access.Physician)
        .Accepts<byte[]>("application/octet-stream", "application/pdf", "application/dicom", "image/jpeg", "image/png")
        .WithName("UploadDocument")
        .WithSummary("Add a document")
        .WithDescription(
            "The raw bytes as the body. PDF, DICOM, JPEG and PNG are accepted, told apart by their content; anything else, and any damaged file, is refused "
                + "with the reason.");

    private static async Task<Results<Once<Created<CaseDocumentView>>, Problem>> Handle(
        Guid id, string type, string fileName, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, DocumentStore store,
        DocumentOptions options,
        PathologyCatalogue catalogue, Keyring keyring, TimeProvider time, CancellationToken cancel)
    {
        if (await Refusal(id, type, fileName, user, http.Request, dataSource, options, catalogue, cancel) is { } refusal)
        {
            return refusal;
        }

        // The limit of this route is kept here, byte by byte, so that it answers with its own code.
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        var documentId = Guid.CreateVersion7(time.GetUtcNow());
        var kept = false;
        if (await Room.Reserve(
            dataSource, options, store, documentId, id, http.Request.ContentLength ?? options.MaxBytes, time.GetUtcNow(), cancel) is { } full)
        {
            return full;
        }

        try
        {
            if (!(await Receive(documentId, http.Request.Body, store, options, cancel)).TryGet(out var received, out var problem))
            {
                return problem;
            }

            var (stored, mediaType) = received;
            var asked = new UploadedDocument(type, PlainText.FileName(fileName, LongestName)!, stored.Size, stored.Sha256);
            return await Idempotent.Run<UploadedDocument, Created<CaseDocumentView>>(dataSource, http, asked, async db =>
            {
                var result = await Insert(db, id, asked, stored, mediaType, user, options, keyring, time.GetUtcNow());
                // Set before the commit: should its outcome be unknown, the sweep decides by the row.
                kept = result.Result is Created<CaseDocumentView>;
                return result;
            });
        }
        finally
        {
            if (!kept)
            {
                store.Delete(documentId);
            }

            await Room.GiveBack(dataSource, documentId);
        }
    }

    /// <summary>What can be known before a byte is read.</summary>
    private static async Task<Problem?> Refusal(
        Guid id, string type, string fileName, ClaimsPrincipal user, HttpRequest request, NpgsqlDataSource dataSource, DocumentOptions options,
        PathologyCatalogue catalogue,
        CancellationToken cancel)
    {
        if (!catalogue.Documents.ContainsKey(type))
        {
            return CommonProblems.Invalid(new FieldError("#/type", "unknown_code", "Ce type de document n'existe pas dans la liste."));
        }

        if (PlainText.FileName(fileName, LongestName) is null)
        {
            return CommonProblems.Invalid(new FieldError("#/fileName", "invalid_name", "Donnez au fichier un nom lisible, par exemple compte-rendu.pdf."));
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await CaseRows.Own(db, user, id) is not { } file ? CommonProblems.Absent()
            : !CaseLife.TakesDocuments(file.State.Value) ? Problems.CaseIs(file.State.Value)
            : request.ContentLength == 0 ? Problems.NoByte()
            : request.ContentLength > options.MaxBytes ? Problems.LargerThan(options.MaxBytes)
            : null;
    }

    private static async Task<Result<(StoredFile Stored, string MediaType)>> Receive(
        Guid documentId, Stream body, DocumentStore store, DocumentOptions options, CancellationToken cancel)
    {
        StoredFile stored;
        try
        {
            stored = await store.Write(documentId, body, options.MaxBytes, cancel);
        }
        catch (DocumentTooLargeException)
        {
            return Problems.LargerThan(options.MaxBytes);
        }

        // Read back through the seal: what is recognised is what was stored. A few at a time: it is the costly part of an upload.
        using var file = store.Open(documentId, stored.Key);
        Recognised recognised;
        await Recognitions.WaitAsync(cancel);
        try
        {
            recognised = await Task.Run(() => FileKind.Of(file), CancellationToken.None);
        }
        finally
        {
            Recognitions.Release();
        }

        return recognised switch
        {
            Recognised.Accepted accepted => (stored, accepted.MediaType),
            Recognised.Empty => Problems.NoByte(),
            Recognised.Damaged damaged => Problems.Damaged(damaged.MediaType, damaged.Where),
            Recognised.Locked => Problems.NeedsPassword(),
            Recognised.IndexOnly => Problems.OnlyIndex(),
            Recognised.Disguised disguised => Problems.Disguised(disguised.Found),
            _ => Problems.UnknownKind(),
        };
    }

    private static async Task<Results<Created<CaseDocumentView>, Problem>> Insert(
        NpgsqlConnection db, Guid id, UploadedDocument asked, StoredFile stored, string mediaType, ClaimsPrincipal user,
        DocumentOptions options, Keyring keyring,
        DateTimeOffset now)
    {
        if (await CaseRows.OwnLocked(db, user, id) is not { } file)
        {
            return CommonProblems.Absent();
        }

        if (!CaseLife.TakesDocuments(file.State.Value))
        {
            return Problems.CaseIs(file.State.Value);
        }

        if (await db.ExecuteScalarAsync<int>("select count(*) from document where case_id = @id", new { id }) >= options.MaxPerCase)
        {
            return Problems.HoldsAlready(options.MaxPerCase);
        }

        using var key = await CaseKey.Of(db, keyring, id);
        await db.ExecuteAsync(
            """
            insert into document (id, case_id, type_code, media_type, size_bytes, sha256, sealed_name, sealed_key, uploaded_at)
            values (@Id, @CaseId, @Type, @mediaType, @Size, @Sha256, @Name, @Key, @now);
            update case_file set version = version + 1 where id = @CaseId
            """,
            new
            {
                stored.Id,
                CaseId = id,
                asked.Type,
                mediaType,
                stored.Size,
                stored.Sha256,
                Name = key.Seal(DocumentColumns.Name.Of(stored.Id), asked.FileName),
                Key = key.SealBytes(DocumentColumns.Key.Of(stored.Id), stored.Key),
                now,
            });
        return TypedResults.Created(
            $"/api/v1/cases/{id}/documents/{stored.Id}",
            new CaseDocumentView(stored.Id, asked.Type, asked.FileName, mediaType, stored.Size, stored.Sha256, now));
    }
}
