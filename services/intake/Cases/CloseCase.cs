using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>The patient has read the opinion and closes the case.</summary>
internal static class CloseCase
{
    /// <summary>A case that was closed.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="State">Now <c>closed</c>.</param>
    /// <param name="ClosedAt">When it was closed.</param>
    internal sealed record CaseClosure(Guid CaseId, string State, DateTimeOffset ClosedAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/close", Handle)
        .AllowRoles([.. CaseWords.Routes[CaseMove.Close].Roles])
        .Refuses(Problems.WrongState)
        .WithName(CaseWords.Routes[CaseMove.Close].Operation)
        .WithSummary("Close a case")
        .WithDescription("Only a delivered case can be closed; the opinion stays readable.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseClosure>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseClosure>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            var now = time.GetUtcNow();
            return (await CaseTransition.Try(db, file, CaseMove.Close, now)).TryGet(out var closed, out var refusal)
                ? TypedResults.Ok(new CaseClosure(id, closed.State.Text, now))
                : refusal;
        }, cancel);
}
