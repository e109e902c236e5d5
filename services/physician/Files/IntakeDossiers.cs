using Grpc.Core;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Resilience;

namespace SecondOpinion.Physician.Files;

/// <summary>
/// Reads the case's content from intake with the physician's own token, so that intake judges the physician and not this service. Called only for a case that
/// is the physician's here; never inside a transaction.
/// </summary>
internal sealed class IntakeDossiers(Dossiers.DossiersClient dossiers)
{
    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WholeDownload = TimeSpan.FromMinutes(10);

    /// <returns>The file; refused when intake is away, or has not heard of the assignment yet.</returns>
    public async Task<Result<Dossier>> Get(Guid caseId, HttpContext http)
    {
        try
        {
            return await dossiers.GetAsync(new GetDossierRequest { CaseId = caseId.ToString() }, Options(http, Answer));
        }
        catch (RpcException refused)
        {
            return Translated(refused);
        }
    }

    /// <summary>Does intake let the bearer read this case now: consent, state, role and time, asked at each read of what is kept here.</summary>
    /// <returns>The refusal: no, or intake is away, and then nothing is shown; null when the bearer may.</returns>
    public async Task<Problem?> AccessRefusal(Guid caseId, HttpContext http)
    {
        try
        {
            await dossiers.CheckAccessAsync(new CheckAccessRequest { CaseId = caseId.ToString() }, Options(http, Answer));
            return null;
        }
        catch (RpcException refused)
        {
            return Translated(refused);
        }
    }

    /// <summary>
    /// Starts a download <paramref name="from"/> a byte on, or so many from the end when below 0; the caller disposes of the call. Failures before the first
    /// chunk are translated by <see cref="Translated"/>.
    /// </summary>
    public AsyncServerStreamingCall<DocumentChunk> Download(Guid caseId, Guid documentId, long from, HttpContext http) =>
        dossiers.Download(
            new DownloadDocumentRequest { CaseId = caseId.ToString(), DocumentId = documentId.ToString(), Offset = from }, Options(http, WholeDownload));

    /// <returns>When intake took the question; the same again for the same request id. Refused when intake is away, or the case's state forbids a
    /// question.</returns>
    public async Task<Result<DateTimeOffset>> RequestInformation(Guid caseId, Guid requestId, string text, HttpContext http)
    {
        try
        {
            var reply = await dossiers.RequestInformationAsync(
                new RequestInformationRequest { CaseId = caseId.ToString(), RequestId = requestId.ToString(), Text = text }, Options(http, Answer));
            return reply.RequestedAt.ToDateTimeOffset();
        }
        catch (RpcException refused)
        {
            return Translated(refused);
        }
    }

    /// <exception cref="OperationCanceledException">The caller left.</exception>
    /// <exception cref="InvalidOperationException">Intake failed.</exception>
    public static Problem Translated(RpcException refused) => refused.StatusCode switch
    {
        // Assigned once, and closed since: waiting would not help.
        StatusCode.NotFound when refused.Trailers.GetValue("error-code") == "INT-0023" => CommonProblems.Absent(),
        // The case is this physician's here, so nothing is given away: intake hears of the assignment by its own queue, a moment later.
        StatusCode.NotFound => Problems.FileComesSoon(),
        StatusCode.FailedPrecondition => Problems.CaseForbidsIt(),
        StatusCode.InvalidArgument => Problems.IntakeCannotRead(),
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted => Problems.FileOutOfReach(),
        StatusCode.Cancelled => throw new OperationCanceledException("The caller left.", refused),
        _ => throw new InvalidOperationException($"Intake answered {refused.StatusCode}.", refused),
    };

    private CallOptions Options(HttpContext http, TimeSpan limit) => new(
        new Metadata { { "authorization", http.Request.Headers.Authorization.ToString() } }, Deadline.In(limit), http.RequestAborted);
}
