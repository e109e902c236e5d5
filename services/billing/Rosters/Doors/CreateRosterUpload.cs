using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Rosters.Doors;

/// <summary>Announces a roster file; its content follows in one piece or in several (<see cref="AppendRosterContent"/>).</summary>
internal static class CreateRosterUpload
{
    /// <summary>A roster file that will be sent.</summary>
    /// <param name="Kind"><c>whole</c> replaces the roster; <c>delta</c> adds, replaces and removes single people.</param>
    /// <param name="SizeBytes">Of the file as it will be sent, gzip or not.</param>
    /// <param name="InsurerId">A partner may leave it out: it is its own.</param>
    /// <param name="Sha256">SHA-256 of the file as it will be sent, 64 hexadecimal digits. Without it the content must come in one piece: only by it is a file
    /// found out that changed between two pieces, and then it is refused (<c>content_changed</c>).</param>
    internal sealed record CreateRosterRequest(
        [property: Codes(typeof(CreateRosterUpload), nameof(Kinds))] string Kind, long SizeBytes, Guid? InsurerId = null,
        [property: RegularExpression("^[0-9A-Fa-f]{64}$")] string? Sha256 = null);

    private static IReadOnlyList<string> Kinds => Words.All<RosterKind>();

    public static void Map(RouteGroupBuilder api) => api.MapPost("/rosters", Handle)
        .AllowRoles(Roles.Partner, Roles.Ops)
        .Refuses(CommonProblems.NotFound, CommonProblems.StorageFull)
        .WithName("CreateRoster")
        .WithSummary("Announces a roster file")
        .WithDescription(
            "What a file looks like, with one to begin with: ShowRosterFormat. `whole` replaces everybody, `delta` changes single people. Then send the "
            + "content to `content` with PATCH, from `Upload-Offset: 0`, and follow the import by polling or by its event stream. "
            + "To send it in several pieces, or to go on after a break, announce its `sha256`.");

    private static async Task<Results<Once<Created<ShowRosterImport.RosterStatus>>, Problem>> Handle(
        CreateRosterRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, InsurerDirectory insurers, RosterSpool spool,
        RosterOptions options, TimeProvider time)
    {
        var insurerId = user.Role() == Roles.Partner ? user.InsurerId() : request.InsurerId;
        if (insurerId is not { } id || insurers.ById(id) is null || (request.InsurerId is { } named && named != id))
        {
            return CommonProblems.Absent();
        }

        if (!Words.TryRead<RosterKind>(request.Kind, out var kind))
        {
            return CommonProblems.Invalid(new FieldError("#/kind", "unknown", "Le fichier est complet ou de mouvements : dites lequel.", Kinds));
        }

        if (request.SizeBytes <= 0 || request.SizeBytes > options.MaxBytes)
        {
            return CommonProblems.Invalid(new FieldError("#/sizeBytes", "out_of_range", $"La taille va de 1 à {options.MaxBytes} octets."));
        }

        if (request.Sha256 is { } hash && (hash.Length != 64 || !hash.All(char.IsAsciiHexDigit)))
        {
            return CommonProblems.Invalid(new FieldError("#/sha256", "wrong_form", "L'empreinte SHA-256 a 64 chiffres hexadécimaux."));
        }

        return await Idempotent.Run<CreateRosterRequest, Created<ShowRosterImport.RosterStatus>>(dataSource, http, request, async db =>
        {
            var importId = Guid.CreateVersion7();
            spool.Create(importId);
            await db.ExecuteAsync(
                """
                insert into roster_import (id, insurer_id, kind, state, requested_by, size_bytes, sha256, created_at, updated_at)
                values (@importId, @id, @Kind, 'receiving', @By, @SizeBytes, @Sha256, @Now, @Now)
                """,
                new
                {
                    importId,
                    id,
                    Kind = (Word<RosterKind>)kind,
                    By = user.Subject(),
                    request.SizeBytes,
                    Sha256 = request.Sha256?.ToLowerInvariant(),
                    Now = time.GetUtcNow(),
                });
            var import = await RosterImport.Find(db, importId);
            return TypedResults.Created($"/api/v1/rosters/{importId}", ShowRosterImport.RosterStatus.Of(import!, time.GetUtcNow()));
        });
    }
}
