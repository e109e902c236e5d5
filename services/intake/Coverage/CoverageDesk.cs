using System.Globalization;
using Grpc.Core;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Resilience;

namespace SecondOpinion.Intake.Coverage;

/// <summary>What billing said, or that it could not be asked.</summary>
internal abstract record CoverageAnswer
{
    internal sealed record Covered(Guid? InsurerId, string? InsurerName, string? EngagementNumber, DateTimeOffset? ExpiresAt, int? RosterVersion)
        : CoverageAnswer;

    /// <param name="Code">Stable code of billing's catalogue.</param>
    /// <param name="Text">French sentence for people.</param>
    internal sealed record Refused(Guid? InsurerId, string? InsurerName, string Code, string Text) : CoverageAnswer;

    /// <summary>Billing is away: the case goes on and is settled when it is back.</summary>
    internal sealed record Pending : CoverageAnswer;

    /// <summary>The question itself cannot be read.</summary>
    internal sealed record Unreadable : CoverageAnswer;

    /// <summary>Whoever asks has asked too often, or about too many people whom nobody knows.</summary>
    internal sealed record TooMany : CoverageAnswer;

    /// <summary>The patient's account has asked about other families before.</summary>
    internal sealed record OtherFamily : CoverageAnswer;
}

/// <summary>For whom billing is asked, so that its limits follow people: who opened the case, and whose account it is.</summary>
/// <param name="OpenedBy">As kept with the case: role and account, e.g. <c>agent:…</c>.</param>
internal readonly record struct CoverageAsker(string OpenedBy, Guid Account)
{
    public string Role => OpenedBy[..OpenedBy.IndexOf(':', StringComparison.Ordinal)];

    public string Subject => OpenedBy[(Role.Length + 1)..];
}

/// <summary>Asks billing over gRPC, under a short deadline: a patient never waits for a billing that is down.</summary>
internal sealed partial class CoverageDesk(Eligibility.EligibilityClient billing, ILogger<CoverageDesk> logger)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    public Task<CoverageAnswer> Check(Guid caseId, CoverageAsker asker, CoverageQuestion question, CancellationToken cancel) => Ask(caseId, async options =>
    {
        var reply = await billing.CheckAsync(Request(caseId, asker, question), options);
        return reply.Covered && reply.ServiceIncluded && reply.RefusalCode.Length == 0
            ? new CoverageAnswer.Covered(
                Id(reply.InsurerId), Text(reply.InsurerName), Text(reply.EngagementNumber), reply.EngagementExpiresAt?.ToDateTimeOffset(), reply.RosterVersion)
            : new CoverageAnswer.Refused(
                Id(reply.InsurerId), Text(reply.InsurerName), reply.RefusalCode.Length > 0 ? reply.RefusalCode : "not_covered", reply.RefusalText);
    }, cancel);

    /// <summary>Idempotent by case: asked again after an unknown outcome it gives the same answer.</summary>
    public Task<CoverageAnswer> Reserve(Guid caseId, CoverageAsker asker, CoverageQuestion question, CancellationToken cancel) => Ask(caseId, async options =>
    {
        var reply = await billing.ReserveAsync(new ReserveRequest { CaseId = caseId.ToString(), Person = Request(caseId, asker, question) }, options);
        return reply.Reserved
            ? new CoverageAnswer.Covered(Id(reply.InsurerId), null, Text(reply.EngagementNumber), reply.ExpiresAt?.ToDateTimeOffset(), null)
            : new CoverageAnswer.Refused(Id(reply.InsurerId), null, reply.RefusalCode.Length > 0 ? reply.RefusalCode : "not_covered", reply.RefusalText);
    }, cancel);

    private async Task<CoverageAnswer> Ask(Guid caseId, Func<CallOptions, Task<CoverageAnswer>> call, CancellationToken cancel)
    {
        try
        {
            return await call(new CallOptions(deadline: Deadline.In(Limit), cancellationToken: cancel));
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.InvalidArgument)
        {
            return new CoverageAnswer.Unreadable();
        }
        catch (RpcException exception) when (exception.Trailers.GetValue("error-code") == "BIL-0001")
        {
            return new CoverageAnswer.TooMany();
        }
        catch (RpcException exception) when (exception.Trailers.GetValue("error-code") == "BIL-0007")
        {
            return new CoverageAnswer.OtherFamily();
        }
        catch (RpcException exception) when (!cancel.IsCancellationRequested)
        {
            // Whatever keeps billing from answering is not the patient's affair; operators see it here and in the pending gauge.
            Log.BillingAway(logger, caseId, exception.StatusCode);
            return new CoverageAnswer.Pending();
        }
    }

    private static CheckRequest Request(Guid caseId, CoverageAsker asker, CoverageQuestion question) => new()
    {
        Reference = caseId.ToString(),
        AmcNumber = question.AmcNumber,
        MemberNumber = question.MemberNumber,
        BirthDate = question.BirthDate,
        BirthRank = question.BirthRank,
        HolderNir = question.HolderNir,
        Subject = asker.Subject,
        SubjectRole = asker.Role,
        Account = asker.Account.ToString(),
    };

    private static Guid? Id(string text) => Guid.TryParse(text, CultureInfo.InvariantCulture, out var id) ? id : null;

    private static string? Text(string text) => text.Length > 0 ? text : null;

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Case {CaseId}: billing did not answer ({Status}); the coverage stays pending")]
        public static partial void BillingAway(ILogger logger, Guid caseId, StatusCode status);
    }
}
