using System.Security.Claims;
using System.Security.Cryptography;
using Dapper;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Documents.Recognition;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
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
        .ReadsBody(
            "The document as it is, told apart by its content.",
            "application/octet-stream", "application/pdf", "application/dicom", "image/jpeg", "image/png")
        .Refuses(Problems.WrongState, Problems.TooManyDocuments, Problems.DocumentEmpty, Problems.DocumentTooLarge, Problems.CaseFull,
            Problems.DocumentTypeRefused, Problems.DocumentDisguised, Problems.DocumentDamaged, Problems.DocumentLocked, Problems.DocumentIndexOnly,
            CommonProblems.StorageFull)
        .WithName("UploadDocument")
        .WithSummary("Add a document")
        .WithDescription(
            "The raw bytes as the body; the document's type (a code of the catalogue) in `Document-Type`, its name in "
            + "`Content-Disposition: attachment; filename*=UTF-8''…`. PDF, DICOM, JPEG and PNG are accepted, told apart by their content; anything else, and "
            + "any damaged file, is refused with the reason. Photographs are shown without what the camera wrote into them (place, time, previews); the "
            + "answer's size and hash are those of what is shown. A PDF with scripts, actions or files within is marked `activeContent` and only ever saved.");

    /// <param name="id">The case.</param>
    /// <param name="documentType">What the document is: a code of the catalogue's documents, e.g. <c>consultation_report</c>.</param>
    /// <param name="contentDisposition">The file's name as the patient knows it, with its ending: <c>attachment; filename*=UTF-8''…</c>; it is kept
    /// sealed.</param>
    private static async Task<Results<Once<Created<CaseDocumentView>>, Problem>> Handle(
        Guid id, [FromHeader(Name = "Document-Type")] string documentType, [FromHeader(Name = "Content-Disposition")] string contentDisposition,
        ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, DocumentStore store,
        DocumentOptions options,
        PathologyCatalogue catalogue, Keyring keyring, TimeProvider time, CancellationToken cancel)
    {
        // In headers: addresses stand in access logs, and what kind of document it is or how people call it may name the disease.
        var fileName = NameOf(contentDisposition);
        if (await Refusal(id, documentType, fileName, user, http.Request, dataSource, options, catalogue, cancel) is { } refusal)
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

            var stored = received.Stored;
            var asked = new UploadedDocument(documentType, PlainText.FileName(fileName, LongestName)!, stored.Size, stored.Sha256);
            return await Idempotent.Run<UploadedDocument, Created<CaseDocumentView>>(dataSource, http, asked, async db =>
            {
                var result = await Insert(db, id, asked, received, user, options, keyring, time.GetUtcNow());
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

    private static string NameOf(string contentDisposition) =>
        ContentDispositionHeaderValue.TryParse(contentDisposition, out var given) && (given.FileNameStar.HasValue ? given.FileNameStar : given.FileName) is
        { HasValue: true } name
            ? HeaderUtilities.RemoveQuotes(name).ToString()
            : "";

    /// <summary>What can be known before a byte is read.</summary>
    private static async Task<Problem?> Refusal(
        Guid id, string type, string fileName, ClaimsPrincipal user, HttpRequest request, NpgsqlDataSource dataSource, DocumentOptions options,
        PathologyCatalogue catalogue,
        CancellationToken cancel)
    {
        if (!catalogue.Documents.ContainsKey(type))
        {
            return CommonProblems.Invalid(new FieldError(
                "#/documentType", "unknown_code", "L'en-tête Document-Type doit porter un code de la liste des documents, par exemple consultation_report."));
        }

        if (PlainText.FileName(fileName, LongestName) is null)
        {
            return CommonProblems.Invalid(new FieldError(
                "#/fileName", "invalid_name",
                "Donnez au fichier un nom lisible dans l'en-tête Content-Disposition, par exemple filename*=UTF-8''compte-rendu.pdf."));
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await CaseRows.Own(db, user, id) is not { } file ? CommonProblems.Absent()
            : !CaseLife.TakesDocuments(file.State.Value) ? Problems.CaseIs(file.State.Value)
            : request.ContentLength == 0 ? Problems.NoByte()
            : request.ContentLength > options.MaxBytes ? Problems.LargerThan(options.MaxBytes)
            : null;
    }

    private static async Task<Result<Received>> Receive(
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
        Received? received;
        await Recognitions.WaitAsync(cancel);
        try
        {
            (recognised, received) = await Task.Run(() => Look(file, stored), CancellationToken.None);
        }
        finally
        {
            Recognitions.Release();
        }

        return recognised switch
        {
            Recognised.Accepted => received!,
            Recognised.Empty => Problems.NoByte(),
            Recognised.Damaged damaged => Problems.Damaged(damaged.MediaType, damaged.Where),
            Recognised.Locked => Problems.NeedsPassword(),
            Recognised.IndexOnly => Problems.OnlyIndex(),
            Recognised.Disguised disguised => Problems.Disguised(disguised.Found),
            _ => Problems.UnknownKind(),
        };
    }

    private static (Recognised, Received?) Look(Stream file, StoredFile stored)
    {
        var recognised = FileKind.Of(file);
        if (recognised is not Recognised.Accepted accepted)
        {
            return (recognised, null);
        }

        if (Photograph.Clean(file, accepted.MediaType) is not { } shown)
        {
            return (recognised, new Received(stored, accepted, null, stored.Size, stored.Sha256));
        }

        using var seen = shown.Of(file);
        return (recognised, new Received(stored, accepted, shown, seen.Length, Convert.ToHexStringLower(SHA256.HashData(seen))));
    }

    /// <param name="Shown">Null when the whole file is.</param>
    /// <param name="Size">Bytes of what is shown.</param>
    /// <param name="Sha256">Of what is shown.</param>
    private sealed record Received(StoredFile Stored, Recognised.Accepted Kind, Shown? Shown, long Size, string Sha256);

    private static async Task<Results<Created<CaseDocumentView>, Problem>> Insert(
        NpgsqlConnection db, Guid id, UploadedDocument asked, Received received, ClaimsPrincipal user, DocumentOptions options, Keyring keyring,
        DateTimeOffset now)
    {
        var stored = received.Stored;
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

        await Audit.Record(db, user, "write", "document", stored.Id, Purpose.Of(user));
        using var key = await CaseKey.Of(db, keyring, id);
        await db.ExecuteAsync(
            """
            insert into document (
              id, case_id, type_code, media_type, size_bytes, sha256, active_content, shown_ranges, shown_orientation, shown_size, shown_sha256,
              sealed_name, sealed_key, uploaded_at)
            values (
              @Id, @CaseId, @Type, @MediaType, @Size, @Sha256, @ActiveContent, @Ranges, @Orientation, @ShownSize, @ShownSha256,
              @Name, @Key, @now);
            update case_file set version = version + 1 where id = @CaseId
            """,
            new
            {
                stored.Id,
                CaseId = id,
                asked.Type,
                received.Kind.MediaType,
                received.Kind.ActiveContent,
                received.Shown?.Ranges,
                Orientation = received.Shown?.Orientation ?? 1,
                ShownSize = received.Shown is null ? null : (long?)received.Size,
                ShownSha256 = received.Shown is null ? null : received.Sha256,
                stored.Size,
                stored.Sha256,
                Name = key.Seal(DocumentColumns.Name.Of(stored.Id), asked.FileName),
                Key = key.SealBytes(DocumentColumns.Key.Of(stored.Id), stored.Key),
                now,
            });
        return TypedResults.Created(
            $"/api/v1/cases/{id}/documents/{stored.Id}",
            new CaseDocumentView(
                stored.Id, asked.Type, asked.FileName, received.Kind.MediaType, received.Size, received.Sha256, now, received.Kind.ActiveContent));
    }
}
