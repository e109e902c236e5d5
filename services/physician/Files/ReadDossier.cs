using System.Security.Claims;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Files;

/// <summary>Shows the file of an assigned case: answers, questions, documents and messages, with age and sex but no name.</summary>
internal static class ReadDossier
{
    /// <summary>The file of a case, as its physician needs it: no name, no birth date, no number.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="State">State of the case in intake.</param>
    /// <param name="PathologyCode">Code of the catalogue.</param>
    /// <param name="PathologyName">French name of the disease.</param>
    /// <param name="AgeYears">Age in whole years.</param>
    /// <param name="Sex"><c>F</c> or <c>M</c>.</param>
    /// <param name="Answers">Answered questions, in the questionnaire's order.</param>
    /// <param name="Questions">The patient's precise questions, which the opinion answers one by one.</param>
    /// <param name="Documents">To be downloaded one by one.</param>
    /// <param name="Messages">Questions and answers since the assignment, oldest first.</param>
    /// <param name="CompletedAt">When the file was found complete.</param>
    /// <param name="DueAt">End of the 7-day promise as it stands now.</param>
    [HealthData]
    internal sealed record CaseDossier(
        Guid CaseId,
        string State,
        string PathologyCode,
        string PathologyName,
        int AgeYears,
        string Sex,
        IReadOnlyList<DossierAnswer> Answers,
        IReadOnlyList<string> Questions,
        IReadOnlyList<DossierDocument> Documents,
        IReadOnlyList<DossierMessage> Messages,
        DateTimeOffset? CompletedAt,
        DateTimeOffset? DueAt);

    /// <summary>One answered question.</summary>
    /// <param name="QuestionId">Stable within the questionnaire.</param>
    /// <param name="Question">As the patient read it; French.</param>
    /// <param name="Value">The answer in words; French.</param>
    [HealthData]
    internal sealed record DossierAnswer(string QuestionId, string Question, string Value);

    /// <summary>A document of the file.</summary>
    /// <param name="DocumentId">For the path of its download.</param>
    /// <param name="TypeCode">What it is: a code of the catalogue's documents.</param>
    /// <param name="FileName">As the patient named it.</param>
    /// <param name="MediaType">Recognised from the content.</param>
    /// <param name="SizeBytes">Size in bytes.</param>
    /// <param name="Sha256">SHA-256 of the bytes, hexadecimal.</param>
    /// <param name="ActiveContent">The file holds scripts, actions or files within: save it, and open it with care.</param>
    [HealthData]
    internal sealed record DossierDocument(Guid DocumentId, string TypeCode, string FileName, string MediaType, long SizeBytes, string Sha256,
        bool ActiveContent);

    /// <summary>One message between physician and patient.</summary>
    /// <param name="Author"><c>physician</c> or <c>patient</c>.</param>
    /// <param name="Text">French, as it was written.</param>
    /// <param name="SentAt">When it was sent.</param>
    [HealthData]
    internal sealed record DossierMessage(string Author, string Text, DateTimeOffset? SentAt);

    public static void Map(RouteGroupBuilder api) => api.MapGet("/worklist/cases/{caseId:guid}/dossier", Handle)
        .AllowRoles(Roles.Physician)
        .Refuses(Problems.FileNotReady, Problems.NotNow)
        .WithName("ReadDossier")
        .WithSummary("The file of an assigned case")
        .WithDescription(
            "Only for the physician it is assigned to; anybody else gets the 404 of a case that does not exist. Every read is put on record, by intake.");

    /// <param name="caseId">A case that is assigned to the caller.</param>
    private static async Task<Results<Ok<CaseDossier>, Problem>> Handle(
        Guid caseId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, IntakeDossiers intake, CancellationToken cancel)
    {
        if (!await IsOwn(dataSource, caseId, user, cancel))
        {
            return CommonProblems.Absent();
        }

        if (!(await intake.Get(caseId, http)).TryGet(out var dossier, out var refusal))
        {
            return refusal;
        }

        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(Describe(caseId, dossier));
    }

    internal static async Task<bool> IsOwn(NpgsqlDataSource dataSource, Guid caseId, ClaimsPrincipal user, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await WorklistItem.OwnCase(db, caseId, user.PhysicianId()) is not null;
    }

    private static CaseDossier Describe(Guid caseId, Dossier d) => new(
        caseId,
        d.State,
        d.PathologyCode,
        d.PathologyName,
        d.AgeYears,
        d.Sex,
        [.. d.Answers.Select(a => new DossierAnswer(a.QuestionId, a.Question, a.Value))],
        [.. d.Questions],
        [.. d.Documents.Select(x => new DossierDocument(Guid.Parse(x.DocumentId), x.TypeCode, x.FileName, x.MediaType, x.SizeBytes, x.Sha256,
            x.ActiveContent))],
        [.. d.Messages.Select(m => new DossierMessage(m.Author, m.Text, At(m.SentAt)))],
        At(d.CompletedAt),
        At(d.DueAt));

    private static DateTimeOffset? At(Timestamp? time) => time?.ToDateTimeOffset();
}
