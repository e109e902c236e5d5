using System.Globalization;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Npgsql;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Rosters.Doors;

/// <summary>
/// Receives a roster file's content, in one piece or in many: each names the offset at which it begins, so that a broken upload goes on where it stood (the
/// fields of draft-ietf-httpbis-resumable-upload). The last byte queues the import.
/// </summary>
internal static class AppendRosterContent
{
    private const string OffsetHeader = "Upload-Offset";

    private static readonly RequestHeader UploadOffset = new(
        OffsetHeader, true, "Where in the whole file this piece begins, in bytes: 0 for the first, then what the last answer or HEAD said.", "0",
        IsNumber: true);

    private static readonly ResponseHeader Received = new(OffsetHeader, "Bytes of the file that are here: the next piece begins there.", "0", IsNumber: true);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPatch("/rosters/{importId:guid}/content", Append).AllowRoles(Roles.Partner, Roles.Ops)
            .WithMetadata(new NoBodyLimit())
            .Refuses(Problems.RosterOffset, Problems.RosterClosed, CommonProblems.BadRequest, CommonProblems.TooLarge,
                CommonProblems.UnsupportedMediaType, CommonProblems.StorageFull)
            .Takes(UploadOffset)
            .Gives(Received)
            .ReadsBody("The file or its next piece, as it is: CSV, or gzip of it.", "text/csv", "application/gzip", "application/octet-stream")
            .WithName("AppendRosterContent").WithSummary("Sends a roster file's content, or the next piece of it")
            .WithDescription(
                "`Upload-Offset` says where the piece begins; a wrong one is refused with the right one in the same header. A second piece is "
                + "taken only when the announcement told the file's `sha256`: a file that changed between two pieces never goes live. "
                + "gzip is recognised by its content.");
        api.MapMethods("/rosters/{importId:guid}/content", ["HEAD"], Offset).AllowRoles(Roles.Partner, Roles.Ops)
            .Gives(Received)
            .WithName("RosterContentOffset").WithSummary("How much of the content was received")
            .WithDescription("In `Upload-Offset`: after a break, go on from there.");
    }

    /// <param name="importId">The import, as its announcement named it.</param>
    private static async Task<Results<NoContent, Problem>> Append(
        Guid importId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, RosterSpool spool, ImportWorker worker, TimeProvider time)
    {
        // An upload is not limited in time as a whole, but a caller who sends next to nothing is cut off by Kestrel.
        if (await ShowRosterImport.Visible(dataSource, importId, user) is not { } import)
        {
            return CommonProblems.Absent();
        }

        if (import.State != RosterState.Receiving)
        {
            return Problems.ContentComplete();
        }

        if (!long.TryParse(http.Request.Headers[OffsetHeader], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            return CommonProblems.Invalid(new FieldError("#/Upload-Offset", "missing", "Indiquez la position du début de cet envoi (en-tête Upload-Offset)."));
        }

        try
        {
            var length = spool.Length(importId);
            if (offset != length)
            {
                return WrongOffset(http, length);
            }

            if (offset > 0 && import.Sha256 is null)
            {
                return CommonProblems.Invalid(new FieldError(
                    "#/sha256", "missing",
                    "Un envoi en plusieurs parties demande l'empreinte du fichier : annoncez-le de nouveau avec son sha256, puis envoyez-le depuis le début."));
            }

            // One byte more than announced, and nothing of the file is taken: cut off at the announced size it would be another file.
            length = await Receive(importId, import.SizeBytes, http, dataSource, spool, time);
            if (length < 0)
            {
                await Refuse(importId, dataSource, spool, time);
                return Problems.MoreThanAnnounced();
            }

            http.Response.Headers[OffsetHeader] = length.ToString(CultureInfo.InvariantCulture);
        }
        catch (SpoolBusyException)
        {
            return WrongOffset(http, import.ReceivedBytes);
        }

        worker.Wake();
        return TypedResults.NoContent();
    }

    /// <param name="importId">The import, as its announcement named it.</param>
    private static async Task<Results<NoContent, Problem>> Offset(
        Guid importId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, RosterSpool spool)
    {
        if (await ShowRosterImport.Visible(dataSource, importId, user) is not { } import)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers[OffsetHeader] = ReceivedBytes(import, spool).ToString(CultureInfo.InvariantCulture);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.NoContent();
    }

    private static async Task Refuse(Guid importId, NpgsqlDataSource dataSource, RosterSpool spool, TimeProvider time)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        await db.ExecuteAsync(
            """
            update roster_import
            set state = 'refused', refusal_code = @SizeMismatch, finished_at = @Now, updated_at = @Now
            where id = @importId and state = 'receiving'
            """, new { importId, RosterRefusals.SizeMismatch, Now = time.GetUtcNow() });
        spool.Delete(importId);
    }

    /// <returns>The new length; -1 when more came than announced.</returns>
    private static async Task<long> Receive(Guid importId, long size, HttpContext http, NpgsqlDataSource dataSource, RosterSpool spool, TimeProvider time)
    {
        var tooMuch = false;
        try
        {
            var length = await spool.Append(importId, http.Request.Body, size, http.RequestAborted);
            // Looked at before the file is queued: afterwards it might be live already.
            tooMuch = length == size && await http.Request.Body.ReadAsync(new byte[1], http.RequestAborted) > 0;
            return tooMuch ? -1 : length;
        }
        finally
        {
            // Also after a break, so that the status tells what arrived.
            var received = spool.Length(importId);
            await using var db = await dataSource.OpenConnectionAsync();
            await db.ExecuteAsync(
                """
                update roster_import
                set received_bytes = @received, updated_at = @Now,
                  state = case when @received = @size and not @tooMuch then 'queued' else state end,
                  queued_at = case when @received = @size and not @tooMuch then @Now end
                where id = @importId and state = 'receiving'
                """,
                new { importId, received, size, tooMuch, Now = time.GetUtcNow() });
        }
    }

    private static long ReceivedBytes(RosterImport import, RosterSpool spool)
    {
        try
        {
            return import.State == RosterState.Receiving ? spool.Length(import.Id) : import.ReceivedBytes;
        }
        catch (SpoolBusyException)
        {
            return import.ReceivedBytes;
        }
    }

    private static Problem WrongOffset(HttpContext http, long length)
    {
        http.Response.Headers[OffsetHeader] = length.ToString(CultureInfo.InvariantCulture);
        return Problems.GoOnFrom(length);
    }

    /// <summary>The announced size is the limit here.</summary>
    private sealed class NoBodyLimit : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => null;
    }
}
