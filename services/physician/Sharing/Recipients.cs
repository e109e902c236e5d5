using Grpc.Core;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.ServiceDefaults.Resilience;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Sharing;

/// <summary>Asks intake to whom an opinion may go; nothing of the answer is kept here.</summary>
internal sealed class Recipients(Contracts.Intake.V1.Sharing.SharingClient intake)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <returns>Who gets it and whose it is, or why nobody does.</returns>
    /// <exception cref="RpcException">Intake is away.</exception>
    public async Task<(FindRecipientReply Found, ShareReason? Refusal)> Find(Guid caseId, CancellationToken cancel)
    {
        var reply = await intake.FindAsync(new FindRecipientRequest { CaseId = caseId.ToString() }, deadline: Deadline.In(Limit), cancellationToken: cancel);
        return (reply, Read(reply.Refusal));
    }

    /// <summary>The last word before the mail leaves.</summary>
    /// <exception cref="RpcException">Intake is away.</exception>
    public async Task<ShareReason?> Confirm(Guid caseId, string rpps, CancellationToken cancel)
    {
        var request = new ConfirmSharingRequest { CaseId = caseId.ToString(), Rpps = rpps };
        return Read((await intake.ConfirmAsync(request, deadline: Deadline.In(Limit), cancellationToken: cancel)).Refusal);
    }

    private static ShareReason? Read(string refusal) => refusal.Length == 0 ? null : Words.Read<ShareReason>(refusal);
}
