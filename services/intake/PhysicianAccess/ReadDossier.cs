using System.Security.Claims;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Information;
using SecondOpinion.Intake.Overview;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.PhysicianAccess;

/// <summary>The file as the assigned physician reads it: an age and a sex, no name. Audited in the transaction of the read.</summary>
internal static class ReadDossier
{
    public static Task<Result<Dossier>> Handle(
        NpgsqlDataSource dataSource, Keyring keyring, PathologyCatalogue catalogue, QuestionnaireBook questionnaires, ClaimsPrincipal user, Guid caseId,
        DateTimeOffset now, CancellationToken cancel) => dataSource.InTransaction<Result<Dossier>>(async db =>
    {
        if (!(await AssignedPhysician.Case(db, user, caseId, now)).TryGet(out var file, out var absent))
        {
            return absent;
        }

        await AuditTrail.Record(db, user, "read", "dossier", caseId, "second_opinion");
        using var key = await CaseKey.Of(db, keyring, caseId);
        var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).Patient;
        var dossier = new Dossier
        {
            CaseId = caseId.ToString(),
            State = file.State.Text,
            PathologyCode = file.PathologyCode,
            PathologyName = CaseViews.NameOf(catalogue, file.PathologyCode),
            AgeYears = person.AgeOn(FrenchTime.Day(now)),
            Sex = person.Sex,
        };
        if (file.Clock is { } clock)
        {
            dossier.CompletedAt = clock.StartedAt.ToTimestamp();
            dossier.DueAt = clock.DueAt.ToTimestamp();
        }

        dossier.Answers.AddRange(Answers(key, file, questionnaires, now));
        dossier.Questions.AddRange(SaveQuestions.Open(key, file));
        // Who acts for the patient, and on what ground, is intake's to check: the proof names people and says nothing about the disease.
        dossier.Documents.AddRange((await CaseViews.Documents(db, key, caseId)).Where(d => d.TypeCode != PathologyCatalogue.AuthorityProof)
            .Select(d => new DocumentSummary
            {
                DocumentId = d.DocumentId.ToString(),
                TypeCode = d.TypeCode,
                FileName = d.FileName,
                MediaType = d.DownloadMediaType,
                SizeBytes = d.SizeBytes,
                Sha256 = d.Sha256,
                ActiveContent = d.ActiveContent,
            }));
        dossier.Messages.AddRange((await CaseViews.Requests(db, key, caseId)).SelectMany(Messages));
        return dossier;
    }, cancel);

    /// <summary>Only questions that applied, in the words in which they were asked.</summary>
    private static IEnumerable<Answer> Answers(CaseKey key, CaseRow file, QuestionnaireBook questionnaires, DateTimeOffset now)
    {
        var answers = ReadAnswers.Open(key, file);
        var asked = questionnaires.QuestionsOf(file.QuestionnaireCode, file.QuestionnaireVersion, file.GeneralVersion,
            ReadAnswers.Who(key, file, file.CompletedAt ?? now));
        return AnswerRules.Applying(asked, answers)
            .Select(question => (question, text: AnswerRules.Text(question, answers)))
            .Where(answer => answer.text is not null)
            .Select(answer => new Answer { QuestionId = answer.question.Id, Question = answer.question.Text, Value = answer.text });
    }

    private static IEnumerable<Message> Messages(InformationRequestView request)
    {
        yield return new Message { Author = "physician", Text = request.Text, SentAt = request.RequestedAt.ToTimestamp() };
        if (request.Answer is { } answer)
        {
            yield return new Message { Author = "patient", Text = answer, SentAt = request.ProvidedAt!.Value.ToTimestamp() };
        }
    }
}
