using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.PhysicianAccess;

/// <summary>The assigned physician's way to the file, over gRPC: maps in, calls the feature, maps out.</summary>
internal sealed class DossiersService(
    NpgsqlDataSource dataSource, Keyring keyring, PathologyCatalogue catalogue, QuestionnaireBook questionnaires, DocumentStore store, TimeProvider time)
    : Dossiers.DossiersBase
{
    public override async Task<Dossier> Get(GetDossierRequest request, ServerCallContext context) =>
        (await ReadDossier.Handle(
            dataSource, keyring, catalogue, questionnaires, context.GetHttpContext().User, Id(request.CaseId), time.GetUtcNow(),
            context.CancellationToken)).OrThrow();

    public override Task Download(DownloadDocumentRequest request, IServerStreamWriter<DocumentChunk> responseStream, ServerCallContext context) =>
        StreamDocument.Handle(
            dataSource, keyring, store, context.GetHttpContext().User, Id(request.CaseId), Id(request.DocumentId), request.Offset, responseStream,
            time.GetUtcNow(), context.CancellationToken);

    public override async Task<RequestInformationReply> RequestInformation(RequestInformationRequest request, ServerCallContext context) =>
        (await AskPatient.Handle(
            dataSource, keyring, context.GetHttpContext().User, Id(request.CaseId), Id(request.RequestId), request.Text, time.GetUtcNow(),
            context.CancellationToken)).OrThrow();

    public override async Task<CheckAccessReply> CheckAccess(CheckAccessRequest request, ServerCallContext context)
    {
        await using var db = await dataSource.OpenConnectionAsync(context.CancellationToken);
        (await AssignedPhysician.Case(db, context.GetHttpContext().User, Id(request.CaseId), time.GetUtcNow())).OrThrow();
        return new CheckAccessReply();
    }

    /// <summary>What is no id names nothing that exists.</summary>
    private static Guid Id(string text) => Guid.TryParse(text, out var id) ? id : throw CommonProblems.Absent().AsException();
}
