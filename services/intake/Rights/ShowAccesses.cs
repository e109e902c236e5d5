using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Rights;

/// <summary>Who read my file: the records of every access to a case and its documents, for the person that it is about.</summary>
internal static class ShowAccesses
{
    /// <summary>Accesses that one answer holds; older ones are asked for at the service's office.</summary>
    private const int Most = 1000;

    /// <summary>One access.</summary>
    /// <param name="At">When.</param>
    /// <param name="Role">Of whoever it was: <c>patient</c>, <c>agent</c>, <c>physician</c> or <c>service</c>.</param>
    /// <param name="IsYou">Whether it was the account that asks.</param>
    /// <param name="Action">E.g. <c>read</c>, <c>download</c>, <c>write</c>, <c>export</c>.</param>
    /// <param name="ObjectType">What was accessed, e.g. <c>dossier</c>, <c>document</c>, <c>answers</c>.</param>
    /// <param name="ObjectId">Which.</param>
    /// <param name="Purpose">Why, e.g. <c>second_opinion</c>.</param>
    internal sealed record FileAccess(DateTimeOffset At, string Role, bool IsYou, string Action, string ObjectType, string ObjectId, string Purpose);

    /// <summary>Every access to a case and its documents.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Accesses">Newest first, at most a thousand.</param>
    internal sealed record CaseAccesses(Guid CaseId, IReadOnlyList<FileAccess> Accesses);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}/accesses", Handle)
        .AllowRoles(Roles.Patient)
        .WithName("ShowAccesses")
        .WithSummary("Who read my file")
        .WithDescription("Every access to the case and its documents with its reason; people of the service are named by their role. Asking is one, too.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseAccesses>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseAccesses>, Problem>>(async db =>
        {
            if (await CaseRows.Own(db, user, id) is null)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "accesses", id, Purpose.Of(user));
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new CaseAccesses(id, await Of(db, user, id)));
        }, cancel);

    internal static async Task<IReadOnlyList<FileAccess>> Of(NpgsqlConnection db, ClaimsPrincipal user, Guid id) =>
    [
        .. await db.QueryAsync<FileAccess>(
            """
            select at, actor_role as role, actor_role = @Role and actor = @Actor as is_you, action, object_type, object_id, purpose
            from audit_record
            where object_id = @Case or object_id in (select id::text from document where case_id = @id)
            order by at desc, id desc
            limit @Most
            """, new { id, Case = id.ToString(), Role = user.Role(), Actor = user.Subject(), Most }),
    ];
}
