using System.Diagnostics;
using System.Security.Claims;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.ServiceDefaults.Audit;

/// <summary>Who touched health data, when and why. Written in the caller's transaction, before the answer leaves: no record, no data.</summary>
public static class AuditTrail
{
    /// <param name="db">The connection on which the read happens.</param>
    /// <param name="user">The person or service that reads.</param>
    /// <param name="action"><c>read</c>, <c>search</c>, <c>export</c>, <c>download</c>…</param>
    /// <param name="objectType">E.g. <c>dossier</c>, <c>document</c>, <c>opinion</c>.</param>
    /// <param name="objectId">The object's id; never a name.</param>
    /// <param name="purpose">Why, e.g. <c>own_file</c>, <c>second_opinion</c>, <c>phone_help</c>.</param>
    public static Task Record(NpgsqlConnection db, ClaimsPrincipal user, string action, string objectType, Guid objectId, string purpose) =>
        db.ExecuteAsync(
            """
            insert into audit_record (id, actor_role, actor, action, object_type, object_id, purpose, trace_id)
            values (@Id, @Role, @Actor, @action, @objectType, @ObjectId, @purpose, @TraceId)
            """,
            new
            {
                Id = Guid.CreateVersion7(),
                Role = user.Role(),
                Actor = user.Subject(),
                action,
                objectType,
                ObjectId = objectId.ToString(),
                purpose,
                TraceId = Activity.Current?.TraceId.ToHexString(),
            });
}
