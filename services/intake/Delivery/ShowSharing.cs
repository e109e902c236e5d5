using System.Security.Claims;
using Grpc.Core;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Resilience;

namespace SecondOpinion.Intake.Delivery;

/// <summary>The patient sees whether the opinion reached the treating physician, and why not.</summary>
internal static class ShowSharing
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>The versions of the opinion on their way to the treating physician.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Versions">Oldest first; empty while there is no opinion, or when none is sent from here.</param>
    internal sealed record CaseSharing(Guid CaseId, IReadOnlyList<SharedVersion> Versions);

    /// <summary>A version of the opinion on its way.</summary>
    /// <param name="Version">1, or higher after a correction.</param>
    /// <param name="State"><c>waiting</c>, <c>sending</c>, <c>sent</c>, <c>held</c> (something lacks) or <c>ended</c> (it will not be sent).</param>
    /// <param name="Reason">Why it is held or ended, as a code, e.g. <c>not_agreed</c>; else null.</param>
    /// <param name="Explanation">The same as a French sentence.</param>
    /// <param name="SentAt">When it left; null before.</param>
    /// <param name="Receipts">What the physician's side answered, oldest first.</param>
    internal sealed record SharedVersion(
        int Version, string State, string? Reason, string Explanation, DateTimeOffset? SentAt, IReadOnlyList<SharingReceipt> Receipts);

    /// <summary>What the physician's side answered.</summary>
    /// <param name="Kind"><c>processed</c>, <c>displayed</c>, <c>dispatched</c>, <c>deleted</c>, <c>not_integrated</c> or <c>bounced</c>.</param>
    /// <param name="Explanation">The same as a French sentence.</param>
    /// <param name="ReceivedAt">When it was read.</param>
    internal sealed record SharingReceipt(string Kind, string Explanation, DateTimeOffset ReceivedAt);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}/opinion/sharing", Handle)
        .AllowRoles(Roles.Patient)
        .WithName("ShowSharing")
        .WithSummary("Did the opinion reach my physician?")
        .WithDescription("Where each version stands on its way to the treating physician by MSSanté. It is sent only while `RecordConsent` says so for that "
            + "physician; taking the consent back stops what has not left.");

    /// <param name="id">The case.</param>
    private static async Task<Results<Ok<CaseSharing>, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Shares.SharesClient physician, CancellationToken cancel)
    {
        var absent = await dataSource.InTransaction<Problem?>(async db =>
        {
            if (await CaseRows.Own(db, user, id) is null)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "sharing", id, Purpose.Of(user));
            return null;
        }, cancel);
        if (absent is not null)
        {
            return absent;
        }

        try
        {
            var reply = await physician.ListAsync(new ListSharesRequest { CaseId = id.ToString() }, deadline: Deadline.In(Limit), cancellationToken: cancel);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new CaseSharing(id, [.. reply.Shares.Select(Describe)]));
        }
        catch (RpcException exception) when (exception.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            return CommonProblems.Away();
        }
    }

    private static SharedVersion Describe(Share share) => new(
        share.Version, share.State, share.Reason.Length == 0 ? null : share.Reason, share.Explanation, share.SentAt?.ToDateTimeOffset(),
        [.. share.Receipts.Select(r => new SharingReceipt(r.Kind, r.Explanation, r.ReceivedAt.ToDateTimeOffset()))]);
}
