using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

// The smallest service that uses all of ServiceDefaults, so that its promises can be tested by themselves.
var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("probe");
builder.AddDatabase("probe", typeof(Program).Assembly);
builder.AddMessaging("probe", handlers => handlers.Add<CountWithdrawals>());

var app = builder.Build();
app.UseServiceDefaults([]);
var api = app.MapGroup("/api/v1");
api.MapPost("/things", (MakeThing request, HttpContext http, NpgsqlDataSource dataSource) => Idempotent.Run(dataSource, http, request, async db =>
{
    if (request.Name.Length == 0)
    {
        return (Results<Created<Thing>, Problem>)CommonProblems.Invalid(new FieldError("#/name", "required", "Donnez un nom."));
    }

    var thing = new Thing(Guid.CreateVersion7(), request.Name);
    await db.ExecuteAsync("insert into thing (id, name) values (@Id, @Name)", thing);
    await Outbox.Publish(db, thing.Id, new CaseWithdrawn { CaseId = thing.Id, WithdrawnAt = DateTimeOffset.UnixEpoch });
    if (request.Name == "refused after writing")
    {
        return CommonProblems.Invalid(new FieldError("#/name", "refused", "Refusé."));
    }

    return TypedResults.Created($"/api/v1/things/{thing.Id}", thing);
})).AllowRoles(Roles.Patient);
api.MapGet("/things/{id:guid}", (Guid id, ClaimsPrincipal user, NpgsqlDataSource dataSource) =>
    dataSource.InTransaction(async db =>
    {
        await AuditTrail.Record(db, user, "read", "thing", id, "own_file");
        return await db.QuerySingleOrDefaultAsync<Thing>("select id, name from thing where id = @id", new { id });
    })).AllowRoles(Roles.Patient);
api.MapPut("/echo", (Everything request) => TypedResults.Ok(request)).AllowRoles(Roles.Patient);
api.MapGet("/dated", (DateOnly? on, DateTimeOffset? at, string? q, int? limit) => TypedResults.Ok(new { on, at, q, limit })).AllowRoles(Roles.Patient);
api.MapPut("/version", Results<NoContent, Problem> (HttpRequest request) => Etags.Mismatch(request, 1) is { } problem ? problem : TypedResults.NoContent())
    .AllowRoles(Roles.Patient).RequiresIfMatch();
api.MapGet("/forgotten", () => "no policy was stated");
api.MapGet("/broken", string () => throw new InvalidOperationException("secret detail")).AllowRoles(Roles.Patient);
await app.RunService();

internal sealed record Everything(
    string? Text = null, Dictionary<string, System.Text.Json.JsonElement>? Answers = null, DateTimeOffset? At = null, DateOnly? On = null,
    int? Count = null, bool? Yes = null,
    Guid? Id = null, IReadOnlyList<string>? Texts = null);

internal sealed record MakeThing(string Name, IReadOnlyList<string>? Tags = null, IReadOnlyList<string?>? Notes = null);

internal sealed record Thing(Guid Id, string Name);

/// <summary>Two cases play what goes wrong: <c>Probe:Kills</c> ends the process as kill -9 does, <c>Probe:Fails</c> throws whenever it
/// comes.</summary>
internal sealed class CountWithdrawals(Inbox inbox, IConfiguration configuration) : IHandle<CaseWithdrawn>
{
    public Task Handle(Delivery<CaseWithdrawn> delivery) => inbox.Once(delivery, nameof(CountWithdrawals), db =>
    {
        if (delivery.Event.CaseId == configuration.GetValue<Guid>("Probe:Kills"))
        {
            using var self = System.Diagnostics.Process.GetCurrentProcess();
            self.Kill();
        }

        return delivery.Event.CaseId == configuration.GetValue<Guid>("Probe:Fails")
            ? throw new InvalidOperationException("secret detail")
            : db.ExecuteAsync("insert into withdrawal (case_id, seen) values (@CaseId, 1)", new { delivery.Event.CaseId });
    });
}
