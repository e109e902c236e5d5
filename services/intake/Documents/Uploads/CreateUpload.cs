using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Documents.Uploads;

/// <summary>Begins an upload that may be interrupted (tus: creation, creation-with-upload). Room for all of it is promised before its first byte.</summary>
internal static class CreateUpload
{
    /// <summary>What the client said of the file, read.</summary>
    internal sealed record Announced(string Type, string FileName, DateOnly? Date, string? Sha256, string Metadata);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/cases/{id:guid}/uploads", Handle)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .WithMetadata(new Tus.NoBodyLimit())
            .AddEndpointFilter(Tus.Speak)
            .Takes(Tus.ResumableHeader).Takes(Tus.LengthHeader).Takes(Tus.MetadataHeader).Takes(Tus.ChecksumHeader)
            .Gives(Tus.OffsetTold).Gives(Tus.ExpiresTold)
            .ReadsBody("Nothing, or the first piece of the file.", Tus.PieceType)
            .Refuses([Problems.TusVersion, Problems.WrongState, Problems.TooManyDocuments, CommonProblems.BadRequest, .. AppendToUpload.Refusals])
            .WithName("CreateUpload")
            .WithSummary("Begin an upload that may be interrupted (tus 1.0)")
            .WithDescription(
                "For files up to 2 GB over a bad line, by any tus client (e.g. tus-js-client). `Location` is where the pieces go; the last segment becomes the "
                + "document's id. When the last byte is there, the file is judged like a simple upload: the answer to that piece is its refusal or 204.");
        api.MapMethods("/cases/{id:guid}/uploads", ["OPTIONS"], Options)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .WithName("UploadOptions").WithSummary("What this tus server can do")
            .WithDescription("In `Tus-Version`, `Tus-Extension`, `Tus-Max-Size` and `Tus-Checksum-Algorithm`.");
    }

    /// <param name="id">The case.</param>
    private static NoContent Options(Guid id, HttpResponse response, DocumentOptions options)
    {
        _ = id;
        response.Headers[Tus.Resumable] = Tus.Version;
        response.Headers["Tus-Version"] = Tus.Version;
        response.Headers["Tus-Extension"] = Tus.Extensions;
        response.Headers["Tus-Max-Size"] = options.MaxUploadBytes.ToString(CultureInfo.InvariantCulture);
        response.Headers["Tus-Checksum-Algorithm"] = Tus.Checksums;
        return TypedResults.NoContent();
    }

    /// <param name="id">The case.</param>
    /// <returns>The upload is begun; `Location` is where its pieces go, `Upload-Offset` how much came with the announcement.</returns>
    private static async Task<Results<Created, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, DocumentStore store, DocumentOptions options,
        PathologyCatalogue catalogue, Keyring keyring, UploadDesk desk, TimeProvider time, CancellationToken cancel)
    {
        if (!Read(http.Request, catalogue).TryGet(out var announced, out var problem))
        {
            return problem;
        }

        if (Tus.Number(http.Request, Tus.Length) is not { } size)
        {
            return CommonProblems.Invalid(new FieldError("#/Upload-Length", "missing", "Indiquez la taille du fichier en octets (en-tête Upload-Length)."));
        }

        var uploadId = Guid.CreateVersion7(time.GetUtcNow());
        var expires = time.GetUtcNow() + options.UploadLife;
        if (await Refusal(id, size, user, dataSource, options, cancel) is { } refusal)
        {
            return refusal;
        }

        if (await Room.Reserve(dataSource, options, store, uploadId, id, size, time.GetUtcNow(), cancel, expires) is { } full)
        {
            return full;
        }

        await dataSource.InTransaction(async db =>
        {
            using var key = await CaseKey.Of(db, keyring, id);
            return await db.ExecuteAsync(
                """
                insert into document_upload (
                  id, case_id, state, type_code, document_date, size_bytes, sha256, sealed_name, sealed_key, sealed_metadata, created_at, expires_at)
                values (@uploadId, @id, 'receiving', @Type, @Date, @size, @Sha256, @Name, @Key, @Metadata, @Now, @expires)
                """,
                new
                {
                    uploadId,
                    id,
                    announced.Type,
                    announced.Date,
                    size,
                    announced.Sha256,
                    Name = key.Seal(UploadColumns.Name.Of(uploadId), announced.FileName),
                    Key = key.SealBytes(UploadColumns.Key.Of(uploadId), RandomNumberGenerator.GetBytes(Envelope.KeySize)),
                    Metadata = key.Seal(UploadColumns.Metadata.Of(uploadId), announced.Metadata),
                    Now = time.GetUtcNow(),
                    expires,
                });
        }, cancel);
        Tus.Tell(http.Response, 0, expires);
        if (http.Request.ContentType == Tus.PieceType)
        {
            http.Response.Headers.Location = $"/api/v1/cases/{id}/uploads/{uploadId}";
            var appended = await desk.Append(id, uploadId, 0, user, http);
            if (appended is not null)
            {
                return appended;
            }
        }

        return TypedResults.Created($"/api/v1/cases/{id}/uploads/{uploadId}");
    }

    private static Result<Announced> Read(HttpRequest request, PathologyCatalogue catalogue)
    {
        var header = request.Headers[Tus.MetadataName].ToString();
        if (Tus.Metadata(header) is not { } metadata)
        {
            return CommonProblems.Invalid(new FieldError(
                "#/Upload-Metadata", "wrong_form",
                "L'en-tête Upload-Metadata porte des paires « nom valeur », la valeur en base64, séparées par des virgules."));
        }

        var type = metadata.GetValueOrDefault("documentType", "");
        if (!catalogue.Documents.ContainsKey(type))
        {
            return CommonProblems.Invalid(new FieldError(
                "#/Upload-Metadata/documentType", "unknown_code", "Donnez un code de la liste des types de documents.",
                [.. catalogue.Documents.Keys.Order(StringComparer.Ordinal)]));
        }

        if (PlainText.FileName(metadata.GetValueOrDefault("filename", ""), Admission.LongestName) is not { } name)
        {
            return CommonProblems.Invalid(new FieldError(
                "#/Upload-Metadata/filename", "invalid_name", "Donnez au fichier un nom lisible, par exemple compte-rendu.pdf."));
        }

        var (date, sha256) = (metadata.GetValueOrDefault("documentDate"), metadata.GetValueOrDefault("sha256"));
        return !Admission.TryDate(date, out var on)
                ? CommonProblems.Invalid(new FieldError("#/Upload-Metadata/documentDate", "wrong_form", "La date du document s'écrit 2026-01-31."))
            : sha256 is not null && (sha256.Length != 64 || !sha256.All(char.IsAsciiHexDigit))
                ? CommonProblems.Invalid(new FieldError("#/Upload-Metadata/sha256", "wrong_form", "L'empreinte SHA-256 a 64 chiffres hexadécimaux."))
            : new Announced(type, name, on, sha256?.ToLowerInvariant(), header);
    }

    private static async Task<Problem?> Refusal(
        Guid id, long size, ClaimsPrincipal user, NpgsqlDataSource dataSource, DocumentOptions options, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await CaseRows.Own(db, user, id) is not { } file ? CommonProblems.Absent()
            : !CaseLife.TakesDocuments(file.State.Value) ? Problems.CaseIs(file.State.Value)
            : size == 0 ? Problems.NoByte()
            : size > options.MaxUploadBytes ? Problems.LargerThan(options.MaxUploadBytes)
            : await db.ExecuteScalarAsync<int>(
                """
                select (select count(*) from document where case_id = @id) + (select count(*) from document_upload where case_id = @id and state = 'receiving')
                """, new { id }) >= options.MaxPerCase ? Problems.HoldsAlready(options.MaxPerCase)
            : null;
    }
}
