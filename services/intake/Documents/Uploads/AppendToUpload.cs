using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Documents.Uploads;

/// <summary>The next piece of an upload, where an upload stands, and its end before the end (tus: core, checksum, expiration, termination).</summary>
internal static class AppendToUpload
{
    /// <summary>What a piece can be refused for; the last one brings the judgement of the whole file.</summary>
    internal static readonly ProblemType[] Refusals =
    [
        Problems.UploadOffset, Problems.UploadBusy, Problems.UploadOver, Problems.UploadChecksum, CommonProblems.UnsupportedMediaType,
        Problems.WrongState, Problems.TooManyDocuments, Problems.DocumentEmpty, Problems.DocumentTooLarge, Problems.CaseFull,
        Problems.DocumentTypeRefused, Problems.DocumentDisguised, Problems.DocumentHarmful, Problems.DocumentInfected, Problems.PictureTooLargeToOpen,
        Problems.DocumentDamaged, Problems.DocumentLocked, Problems.DocumentIndexOnly,
        CommonProblems.StorageFull,
    ];

    /// <summary>Where an upload stands.</summary>
    /// <param name="UploadId">The upload; the document's id once it is accepted.</param>
    /// <param name="State">What it is at now.</param>
    /// <param name="SizeBytes">Of the whole file, as announced.</param>
    /// <param name="ReceivedBytes">Safely here so far: where the next piece begins.</param>
    /// <param name="RefusalCode">Why it is no document; its page says what to do instead.</param>
    /// <param name="ExpiresAt">When it is forgotten unless it goes on.</param>
    internal sealed record UploadStatus(Guid UploadId, UploadState State, long SizeBytes, long ReceivedBytes, string? RefusalCode, DateTimeOffset ExpiresAt);

    public static void Map(RouteGroupBuilder api)
    {
        const string path = "/cases/{id:guid}/uploads/{uploadId:guid}";
        api.MapPatch(path, Append)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .WithMetadata(new Tus.NoBodyLimit())
            .AddEndpointFilter(Tus.Speak)
            .Takes(Tus.ResumableHeader).Takes(Tus.OffsetHeader).Takes(Tus.ChecksumHeader)
            .Gives(Tus.OffsetTold).Gives(Tus.ExpiresTold)
            .ReadsBody("The next piece of the file, of any length.", Tus.PieceType)
            .Refuses([Problems.TusVersion, CommonProblems.BadRequest, .. Refusals])
            .WithName("AppendToUpload").WithSummary("Send the next piece of an upload")
            .WithDescription(
                "Begins at `Upload-Offset`; what came before a line broke is kept. The answer to the last piece is the judgement of the whole file.");
        api.MapMethods(path, ["HEAD"], Offset)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .AddEndpointFilter(Tus.Speak)
            .Takes(Tus.ResumableHeader)
            .Gives(Tus.OffsetTold).Gives(Tus.ExpiresTold)
            .Refuses([Problems.TusVersion, .. Refusals])
            .WithName("UploadOffset").WithSummary("How much of an upload is here")
            .WithDescription("In `Upload-Offset`: after a break, go on from there.");
        api.MapGet(path, Show)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .WithName("GetUpload").WithSummary("Where an upload stands")
            .WithDescription("Also what became of it: the document of the same id, or the code of its refusal.");
        api.MapDelete(path, End)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .AddEndpointFilter(Tus.Speak)
            .Takes(Tus.ResumableHeader)
            .Refuses(Problems.TusVersion, Problems.UploadBusy)
            .WithName("EndUpload").WithSummary("Give an upload up")
            .WithDescription("What came of it is erased and its room is free. A document that it became stays; it is removed as a document.");
    }

    /// <param name="id">The case.</param>
    /// <param name="uploadId">The upload.</param>
    private static async Task<Results<NoContent, Problem>> Append(Guid id, Guid uploadId, ClaimsPrincipal user, HttpContext http, UploadDesk desk)
    {
        if (http.Request.ContentType != Tus.PieceType)
        {
            return Problems.NotAPiece(Tus.PieceType);
        }

        if (Tus.Number(http.Request, Tus.Offset) is not { } offset)
        {
            return CommonProblems.Invalid(new FieldError("#/Upload-Offset", "missing", "Indiquez la position du début de cet envoi (en-tête Upload-Offset)."));
        }

        return await desk.Append(id, uploadId, offset, user, http) is { } problem ? problem : TypedResults.NoContent();
    }

    /// <param name="id">The case.</param>
    /// <param name="uploadId">The upload.</param>
    /// <returns>How much is here in `Upload-Offset`, of how much in `Upload-Length`, until when in `Upload-Expires`.</returns>
    private static async Task<Results<Ok, Problem>> Offset(Guid id, Guid uploadId, ClaimsPrincipal user, HttpContext http, UploadDesk desk) =>
        await desk.Tell(id, uploadId, user, http) is { } problem ? problem : TypedResults.Ok();

    /// <param name="id">The case.</param>
    /// <param name="uploadId">The upload.</param>
    private static async Task<Results<Ok<UploadStatus>, Problem>> Show(
        Guid id, Guid uploadId, ClaimsPrincipal user, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await CaseRows.Own(db, user, id) is null || await UploadRow.Find(db, id, uploadId) is not { } upload
            ? CommonProblems.Absent()
            : TypedResults.Ok(new UploadStatus(
                upload.Id, upload.State.Value, upload.SizeBytes, upload.ReceivedBytes, upload.RefusalCode, upload.ExpiresAt));
    }

    /// <param name="id">The case.</param>
    /// <param name="uploadId">The upload.</param>
    private static async Task<Results<NoContent, Problem>> End(
        Guid id, Guid uploadId, ClaimsPrincipal user, NpgsqlDataSource dataSource, DocumentStore store, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await CaseRows.Own(db, user, id) is null || await UploadRow.Find(db, id, uploadId) is null)
        {
            return CommonProblems.Absent();
        }

        using var turn = store.TurnOf(uploadId);
        if (turn is null)
        {
            return Problems.UploadArriving();
        }

        await db.ExecuteAsync(
            "delete from document_upload where id = @uploadId; delete from upload_reservation where document_id = @uploadId", new { uploadId });
        store.DeletePart(uploadId);
        return TypedResults.NoContent();
    }
}
