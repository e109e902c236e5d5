using SecondOpinion.ServiceDefaults.Access;
using System.Diagnostics;
using System.Security.Claims;
using Dapper;
using Google.Protobuf;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Audit;

/// <summary>
/// Whoever is known and is refused (403, or the 404 of what is not theirs) is on record: who, what was tried, on which id, and how it ended. Nothing was read,
/// so a database that is away makes no other answer of it; the log then tells.
/// </summary>
internal sealed partial class Refusals(NpgsqlDataSource? dataSource, ILogger<Refusals> logger)
{
    public const string Action = "refused";

    /// <summary>After the endpoint: the status tells.</summary>
    public async Task Watch(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
        }
        catch (ProblemException refused)
        {
            // Answered further out.
            await Judge(http, refused.Problem.Type.Status);
            throw;
        }

        await Judge(http, http.Response.StatusCode);
    }

    private async Task Judge(HttpContext http, int status)
    {
        if (status is StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound
            && http.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null)
        {
            var name = endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? endpoint.DisplayName ?? "";
            var id = http.Request.RouteValues.Values.OfType<string>().Select(v => Guid.TryParse(v, out var found) ? found : (Guid?)null).FirstOrDefault(v =>
                v is not null);
            await Record(http.User, name, id, $"http_{status}");
        }
    }

    public Task OfCall(HttpContext http, string method, object request, string code) =>
        Record(http.User, method.TrimStart('/'), CaseOf(request), code);

    private async Task Record(ClaimsPrincipal user, string tried, Guid? id, string why)
    {
        if (dataSource is null || user.Identity?.IsAuthenticated != true)
        {
            return;
        }

        try
        {
            await using var db = await dataSource.OpenConnectionAsync();
            await db.ExecuteAsync(
                """
                insert into audit_record (id, actor_role, actor, action, object_type, object_id, purpose, trace_id)
                values (@Id, @Role, @Actor, @Action, @tried, @ObjectId, @why, @TraceId)
                """,
                new
                {
                    Id = Guid.CreateVersion7(),
                    Role = user.FindFirstValue("role") ?? "",
                    Actor = ActorOf(user),
                    Action,
                    tried,
                    ObjectId = (id ?? Guid.Empty).ToString(),
                    why,
                    TraceId = Activity.Current?.TraceId.ToHexString(),
                });
        }
        catch (NpgsqlException exception)
        {
            Log.NotRecorded(logger, tried, why, exception);
        }
    }

    /// <summary>The issuer's subject of a physician may hold the RPPS number: a service without the key of pseudonyms then names nobody.</summary>
    private static string ActorOf(ClaimsPrincipal user) => user.FindFirstValue("role") != Roles.Physician ? user.FindFirstValue("sub") ?? ""
        : PhysicianPseudonyms.AreKnown && Rpps.TryParse(user.FindFirstValue("rpps"), out var rpps, out _) ? rpps.PhysicianId.ToString()
        : "";

    /// <summary>Only ids are recorded, never what else a request says.</summary>
    private static Guid? CaseOf(object request) =>
        request is IMessage message && message.Descriptor.FindFieldByName("case_id") is { } field
            && Guid.TryParse(field.Accessor.GetValue(message) as string, out var id) ? id : null;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "A refusal ({Why}) of {Tried} could not be put on record")]
        public static partial void NotRecorded(ILogger logger, string tried, string why, Exception exception);
    }
}
