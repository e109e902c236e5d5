using Grpc.Core;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Resilience;

namespace SecondOpinion.Physician.Files;

/// <summary>
/// Reads the case's content from intake with the physician's own token, so that intake judges the physician and not this service. Called only for a case that
/// is the physician's here; never inside a transaction.
/// </summary>
internal sealed class IntakeFile(Dossiers.DossiersClient dossiers)
{
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WholeDownload = TimeSpan.FromMinutes(10);

    /// <exception cref="ProblemException">Intake is away, or has not heard of the assignment yet.</exception>
    public async Task<Dossier> Get(Guid caseId, HttpContext http)
    {
        try
        {
            return await dossiers.GetAsync(new GetDossierRequest { CaseId = caseId.ToString() }, Options(http, Answer));
        }
        catch (RpcException refused)
        {
            throw Translated(refused);
        }
    }

    /// <summary>Starts a download; the caller disposes of the call. Failures before the first chunk are translated by <see cref="Translated"/>.</summary>
    public AsyncServerStreamingCall<DocumentChunk> Download(Guid caseId, string documentId, HttpContext http) =>
        dossiers.Download(new DownloadDocumentRequest { CaseId = caseId.ToString(), DocumentId = documentId }, Options(http, WholeDownload));

    /// <returns>When intake took the question; the same again for the same request id.</returns>
    /// <exception cref="ProblemException">Intake is away, or the case's state forbids a question.</exception>
    public async Task<DateTimeOffset> RequestInformation(Guid caseId, Guid requestId, string text, HttpContext http)
    {
        try
        {
            var reply = await dossiers.RequestInformationAsync(
                new RequestInformationRequest { CaseId = caseId.ToString(), RequestId = requestId.ToString(), Text = text }, Options(http, Answer));
            return reply.RequestedAt.ToDateTimeOffset();
        }
        catch (RpcException refused)
        {
            throw Translated(refused);
        }
    }

    public static ProblemException Translated(RpcException refused) => refused.StatusCode switch
    {
        // The case is this physician's here, so nothing is given away: intake hears of the assignment by its own queue, a moment later.
        StatusCode.NotFound =>
            new Problem(Problems.FileNotReady, "Try again in a moment.", "Réessayez dans un instant.", []) { RetryAfterSeconds = 1 }.AsException(),
        StatusCode.FailedPrecondition => Problems.NotNow.Because(
            "Intake refuses it in the case's present state.", "L'état actuel du dossier ne le permet pas.").AsException(),
        StatusCode.InvalidArgument => CommonProblems.BadRequest.Because("Intake could not read the request.", "La demande est illisible.").AsException(),
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted => new Problem(
            CommonProblems.Unavailable, "The file cannot be reached for a moment.", "Le dossier est momentanément inaccessible.", [])
        { RetryAfterSeconds = 5 }.AsException(),
        StatusCode.Cancelled => throw new OperationCanceledException("The caller left.", refused),
        _ => throw new InvalidOperationException($"Intake answered {refused.StatusCode}.", refused),
    };

    private CallOptions Options(HttpContext http, TimeSpan limit) => new(
        new Metadata { { "authorization", http.Request.Headers.Authorization.ToString() } }, Deadline.In(limit), http.RequestAborted);
}
