using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Rosters.Doors;

/// <summary>How far an import has come: once, or as a stream until it is over.</summary>
internal static class ShowRosterImport
{
    /// <summary>How far the import of a roster file has come.</summary>
    /// <param name="Id">The import.</param>
    /// <param name="InsurerId">Whose roster it is.</param>
    /// <param name="Kind"><c>whole</c> or <c>delta</c>.</param>
    /// <param name="State"><c>receiving</c>, <c>queued</c>, <c>running</c>, <c>awaiting_approval</c> (far fewer people than the roster in force: our staff
    /// looks first), then <c>imported</c>, <c>refused</c> (the file's fault) or <c>failed</c> (ours; try again).</param>
    /// <param name="Phase">While running: <c>reading</c>, <c>indexing</c>, <c>switching</c>.</param>
    /// <param name="SizeBytes">Announced size of the file as sent, in bytes.</param>
    /// <param name="ReceivedBytes">Of <paramref name="SizeBytes"/>.</param>
    /// <param name="LinesRead">Lines read so far, without the header.</param>
    /// <param name="Accepted">Lines taken so far.</param>
    /// <param name="Rejected">Lines left out so far; each is in the reject report with its reason.</param>
    /// <param name="LinesPerSecond">Since the import began; 0 when not running.</param>
    /// <param name="RemainingSeconds">Of reading, by the bytes still to come; null when not reading.</param>
    /// <param name="RefusalCode">Why the whole file was not taken; null otherwise.</param>
    /// <param name="RefusalText">The same as a sentence.</param>
    /// <param name="RosterVersion">The version that it became.</param>
    /// <param name="CreatedAt">When the file was announced.</param>
    /// <param name="FinishedAt">When the import was over; null before.</param>
    /// <param name="MembersBefore">When it waits or waited for approval: members of the roster in force.</param>
    /// <param name="MembersAfter">Members of this one.</param>
    /// <param name="BlankLines">Rows with nothing in them, as spreadsheets leave them: passed over, neither read nor rejected.</param>
    internal sealed record RosterStatus(
        Guid Id, Guid InsurerId, string Kind, string State, string Phase, long SizeBytes, long ReceivedBytes, long LinesRead, long Accepted, long Rejected,
        long LinesPerSecond, long? RemainingSeconds, string? RefusalCode, string? RefusalText, int? RosterVersion, DateTimeOffset CreatedAt,
        DateTimeOffset? FinishedAt,
        long? MembersBefore, long? MembersAfter, long BlankLines)
    {
        public static RosterStatus Of(RosterImport import, DateTimeOffset now)
        {
            var seconds = import.State == RosterState.Running && import.StartedAt is { } started ? Math.Max(0.001, (now - started).TotalSeconds) : 0;
            var reading = import is { State.Value: RosterState.Running, Phase.Value: ImportPhase.Reading, BytesRead: > 0 };
            return new(
                import.Id, import.InsurerId, import.Kind.Text, import.State.Text, import.Phase?.Text ?? "", import.SizeBytes, import.ReceivedBytes,
                import.LinesRead, import.Accepted,
                import.Rejected, seconds > 0 ? (long)(import.LinesRead / seconds) : 0,
                reading ? (long)(seconds * (import.SizeBytes - import.BytesRead) / import.BytesRead) : null,
                import.RefusalCode, RosterRefusals.Sentence(import.RefusalCode), import.RosterVersion, import.CreatedAt, import.FinishedAt,
                import.MembersBefore, import.MembersAfter, import.BlankLines);
        }
    }

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/rosters/{importId:guid}", Show).AllowRoles(Roles.Partner, Roles.Ops)
            .WithName("ShowRoster").WithSummary("How far a roster import has come").WithDescription("The reject report is at `rejects`.");
        api.MapGet("/rosters/{importId:guid}/events", Follow).AllowRoles(Roles.Partner, Roles.Ops)
            .Refuses(Problems.TooManyStreams)
            .WithName("FollowRoster").WithSummary("The same as a stream of server-sent events")
            .WithDescription(
                "One `progress` event at each change, the last one when the import is over or waits for approval. A client has few streams open at a time.");
    }

    /// <returns>The import, when it is there and this caller may see it.</returns>
    public static async Task<RosterImport?> Visible(NpgsqlDataSource dataSource, Guid importId, ClaimsPrincipal user)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        var import = await RosterImport.Find(db, importId);
        return import is not null && user.MayReadInsurer(import.InsurerId) ? import : null;
    }

    /// <param name="importId">The import, as its announcement named it.</param>
    private static async Task<Results<Ok<RosterStatus>, Problem>> Show(
        Guid importId, ClaimsPrincipal user, NpgsqlDataSource dataSource, InsurerDirectory insurers, TimeProvider time)
    {
        if (await Visible(dataSource, importId, user) is not { } import)
        {
            return CommonProblems.Absent();
        }

        // Whoever has read "imported" here and asks about a person next is answered from that version, also when this instance has not been told of it yet.
        if (import.RosterVersion > (insurers.ById(import.InsurerId)?.Roster?.Version ?? 0))
        {
            await insurers.Refresh();
        }

        return TypedResults.Ok(RosterStatus.Of(import, time.GetUtcNow()));
    }

    /// <param name="importId">The import, as its announcement named it.</param>
    /// <returns>Events of the name <c>progress</c>; the data of each is the JSON that ShowRoster answers.</returns>
    private static async Task<Results<ServerSentEventsResult<RosterStatus>, Problem>> Follow(
        Guid importId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, ImportFeed feed, TimeProvider time, CancellationToken cancel)
    {
        if (await Visible(dataSource, importId, user) is null)
        {
            return CommonProblems.Absent();
        }

        if (!feed.Listen(importId, Client.Of(user)).TryGet(out var listener, out var refusal))
        {
            return refusal;
        }

        http.Response.RegisterForDispose(listener);
        return TypedResults.ServerSentEvents(Statuses(listener, time, cancel));
    }

    private static async IAsyncEnumerable<SseItem<RosterStatus>> Statuses(
        ImportFeed.Listener listener, TimeProvider time, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var import in listener.News(cancel))
        {
            yield return new SseItem<RosterStatus>(RosterStatus.Of(import, time.GetUtcNow()), "progress");
        }
    }
}
