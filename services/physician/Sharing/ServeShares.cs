using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Physician.V1;

namespace SecondOpinion.Physician.Sharing;

/// <summary>Tells intake, which knows whose case it is, where an opinion stands on its way to the treating physician. Nothing clinical, no name.</summary>
internal sealed class ServeShares(NpgsqlDataSource dataSource) : Shares.SharesBase
{
    public override async Task<ListSharesReply> List(ListSharesRequest request, ServerCallContext context)
    {
        await using var db = await dataSource.OpenConnectionAsync(context.CancellationToken);
        var shares = Guid.TryParse(request.CaseId, out var caseId) ? await ShareView.OfCase(db, caseId) : [];
        return new ListSharesReply { Shares = { shares.Select(Message) } };
    }

    private static Contracts.Physician.V1.Share Message(ShareView share) => new()
    {
        Version = share.Version,
        State = share.State,
        Reason = share.Reason ?? "",
        Explanation = share.Explanation,
        SentAt = share.SentAt?.ToTimestamp(),
        Receipts =
        {
            share.Receipts.Select(r => new Contracts.Physician.V1.ShareReceipt
            {
                Kind = r.Kind,
                Code = r.Code ?? 0,
                Explanation = r.Explanation,
                ReceivedAt = r.ReceivedAt.ToTimestamp(),
            }),
        },
    };
}
