using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Admission;

/// <summary>Ties that exclude: whoever has one with who or where treats the patient gives no second opinion on the case.</summary>
/// <param name="Physicians">RPPS numbers: family, associates, anybody whose work the référent would rather not judge.</param>
/// <param name="Establishments">FINESS numbers, beyond the places of practice: a former employer, a function, an interest.</param>
internal sealed record DeclaredTies(
    [property: MaxLength(DeclaredTies.Most), Form("rpps", "99900003036")] IReadOnlyList<string> Physicians,
    [property: MaxLength(DeclaredTies.Most), Form("finess", "990000017")] IReadOnlyList<string> Establishments)
{
    internal const int Most = 100;

    public Guid[] PhysicianIds() => [.. Physicians.Select(p => Rpps.Parse(p).PhysicianId).Distinct()];

    public string[] FinessNumbers() => [.. Establishments.Select(e => Finess.Parse(e).Value).Distinct()];

    public IEnumerable<FieldError> Faults(string pointer)
    {
        if (Physicians.Count > Most || Establishments.Count > Most)
        {
            yield return new FieldError(pointer, "invalid_length", $"Au plus {Most} médecins et {Most} établissements.");
        }

        foreach (var (index, number) in Physicians.Index())
        {
            // Copied by hand: a wrong number would exclude a stranger and keep the tie.
            if (!Rpps.TryParse(number, out var rpps, out var reason) || !rpps.KeyHolds)
            {
                yield return new FieldError($"{pointer}/physicians/{index}", "invalid_rpps", reason ?? Rpps.KeyWarning);
            }
        }

        foreach (var (index, number) in Establishments.Index())
        {
            if (!Finess.TryParse(number, out _, out var reason))
            {
                yield return new FieldError($"{pointer}/establishments/{index}", "invalid_finess", reason!);
            }
        }
    }
}

/// <summary>A référent declares ties, or the council writes them down. Matching hears of it at once; cases already accepted are not touched.</summary>
internal static class DeclareTies
{
    /// <summary>Ties as they are kept: the physicians as pseudonyms.</summary>
    /// <param name="PhysicianId">Who declared them.</param>
    /// <param name="Physicians">Pseudonyms.</param>
    /// <param name="Establishments">FINESS numbers.</param>
    internal sealed record KeptTies(Guid PhysicianId, IReadOnlyList<Guid> Physicians, IReadOnlyList<string> Establishments);

    public static void Map(RouteGroupBuilder council, RouteGroupBuilder own)
    {
        council.MapPut("/physicians/{physicianId:guid}/ties", ByCouncil)
            .AllowRoles(Roles.Council)
            .Refuses(Problems.NotAdmitted)
            .WithName("RecordTies")
            .WithSummary("Write down a référent's ties")
            .WithDescription("The whole list is replaced. Nobody with a tie to who or where treats the patient is asked for a second opinion.");
        own.MapPut("/worklist/ties", Own)
            .AllowRoles(Roles.Physician)
            .Refuses(Problems.NotAdmitted)
            .WithName("DeclareTies")
            .WithSummary("Declare one's ties")
            .WithDescription("The whole list is replaced. You are not asked for patients of these physicians and establishments.");
    }

    /// <param name="physicianId">The référent.</param>
    private static Task<Results<Ok<KeptTies>, Problem>> ByCouncil(
        Guid physicianId, DeclaredTies request, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel) =>
        Keep(physicianId, request, user, "scientific_council", dataSource, time, cancel);

    private static Task<Results<Ok<KeptTies>, Problem>> Own(
        DeclaredTies request, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel) =>
        Keep(user.PhysicianId(), request, user, "own_profile", dataSource, time, cancel);

    private static async Task<Results<Ok<KeptTies>, Problem>> Keep(
        Guid physicianId, DeclaredTies request, ClaimsPrincipal user, string purpose, NpgsqlDataSource dataSource, TimeProvider time,
        CancellationToken cancel)
    {
        if (request.Faults("#").ToArray() is [_, ..] errors)
        {
            return CommonProblems.Invalid(errors);
        }

        return await dataSource.InTransaction<Results<Ok<KeptTies>, Problem>>(async db =>
        {
            if (await PhysicianRow.Lock(db, physicianId) is not { } referent)
            {
                return Problems.NotInRoster();
            }

            referent = referent with { TiedPhysicians = request.PhysicianIds(), TiedEstablishments = request.FinessNumbers() };
            await db.ExecuteAsync(
                """
                update physician
                set tied_physicians = @TiedPhysicians, tied_establishments = @TiedEstablishments, version = version + 1
                where physician_id = @PhysicianId
                """,
                referent);
            await AuditTrail.Record(db, user, "write", "physician_ties", physicianId, purpose);
            await referent.Tell(db, time.GetUtcNow());
            return TypedResults.Ok(new KeptTies(physicianId, referent.TiedPhysicians, referent.TiedEstablishments));
        }, cancel);
    }
}
