using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Sharing;

/// <summary>Recipients of opinions over gRPC, for the physician service alone.</summary>
internal sealed class SharingService(NpgsqlDataSource dataSource, Keyring keyring) : Contracts.Intake.V1.Sharing.SharingBase
{
    public override Task<FindRecipientReply> Find(FindRecipientRequest request, ServerCallContext context) =>
        FindRecipient.Handle(dataSource, keyring, context.GetHttpContext().User, Id(request.CaseId), context.CancellationToken);

    public override Task<ConfirmSharingReply> Confirm(ConfirmSharingRequest request, ServerCallContext context) =>
        FindRecipient.Confirm(dataSource, keyring, Id(request.CaseId), request.Rpps, context.CancellationToken);

    /// <summary>What is no id names nothing that exists.</summary>
    private static Guid Id(string text) => Guid.TryParse(text, out var id) ? id : throw CommonProblems.Absent().AsException();
}
