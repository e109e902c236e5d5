using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.Safety;
using SecondOpinion.ServiceDefaults.Description;

namespace SecondOpinion.Intake.Overview;

/// <summary>One thing that the file lacks.</summary>
/// <param name="Code"><c>answer</c>, <c>question</c>, <c>document</c>, <c>authority_proof</c> <c>confirmation</c>, or <c>alarm</c>: an answer that cannot wait
/// for an opinion, with whom to call.</param>
/// <param name="Reference">Which: the id of a question, or the codes of documents of which one is enough.</param>
/// <param name="Detail">French.</param>
[HealthData]
internal sealed record MissingItem(string Code, string? Reference, string Detail);

/// <summary>Is the file whole? Every required answer, at least one precise question, and at least one report that the pathology calls for.</summary>
internal static class Completeness
{
    /// <summary>What is judged, already opened.</summary>
    internal sealed record Content(
        IReadOnlyList<Question> Asked,
        IReadOnlyDictionary<string, JsonElement> Answers,
        int QuestionCount,
        IReadOnlyCollection<string> DocumentTypes,
        Pathology Pathology,
        RequestedBy RequestedBy,
        bool Confirmed);

    public static IReadOnlyList<MissingItem> Missing(Content content)
    {
        // An alarm stops the case, whatever else is there: whoever may be in danger is not to wait seven days.
        var missing = AnswerRules.Alarming(content.Asked, content.Answers)
            .Select(q => new MissingItem("alarm", q.Id, SafetyScreen.Find(q.Alert!.Door)!.Text)).ToList();
        missing.AddRange(AnswerRules.Missing(content.Asked, content.Answers).Select(q => new MissingItem("answer", q.Id, q.Text)));
        if (content.QuestionCount == 0)
        {
            missing.Add(new MissingItem("question", null, "Posez de 1 à 5 questions précises au médecin."));
        }

        // The catalogue lists what helps; asking for all of it would shut out those who were refused an examination. One piece is the least an expert can read.
        if (!content.Pathology.Documents.Any(content.DocumentTypes.Contains))
        {
            missing.Add(new MissingItem(
                "document", string.Join('|', content.Pathology.Documents), "Déposez au moins un des documents médicaux demandés pour cette maladie."));
        }

        if (content.RequestedBy == RequestedBy.Relative && !content.DocumentTypes.Contains(PathologyCatalogue.AuthorityProof))
        {
            missing.Add(new MissingItem(
                "authority_proof", PathologyCatalogue.AuthorityProof, "Déposez le justificatif qui vous permet d'agir pour la personne malade."));
        }

        if (!content.Confirmed)
        {
            missing.Add(new MissingItem("confirmation", null, "La personne malade doit confirmer ce qui a été rempli pour elle, après relecture."));
        }

        return missing;
    }

    public static async Task<IReadOnlyList<MissingItem>> Of(
        NpgsqlConnection db, CaseKey key, CaseRow file, PathologyCatalogue catalogue, QuestionnaireBook questionnaires, DateTimeOffset now)
    {
        var answers = ReadAnswers.Open(key, file);
        var types = (await db.QueryAsync<string>("select distinct type_code from document where case_id = @Id", new { file.Id })).AsList();
        return Missing(new Content(
            questionnaires.QuestionsOf(file.QuestionnaireCode, file.QuestionnaireVersion, file.GeneralVersion, ReadAnswers.Who(key, file, now)),
            answers,
            file.QuestionCount,
            types,
            catalogue[file.PathologyCode],
            file.RequestedBy.Value,
            await Confirmation.IsGiven(db, file)));
    }
}
