using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.Safety;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Overview;

/// <summary>One thing that the file lacks.</summary>
/// <param name="Code"><c>answer</c>, <c>question</c>, <c>document</c>, <c>place_of_care</c>, <c>authority</c> (the relative's does
/// not fit), <c>authority_proof</c>, <c>authority_review</c> (an agent looks at the proof), <c>confirmation</c>, or <c>alarm</c>: an answer that cannot wait
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
        bool Confirmed,
        bool PlaceOfCareTold = true,
        Acting? Acting = null);

    /// <summary>Somebody acts for the patient.</summary>
    /// <param name="Relative">Who, and on what ground.</param>
    /// <param name="PatientAge">In whole years.</param>
    /// <param name="Refused">Why the last proof was not accepted.</param>
    /// <param name="Accepted">The proofs that are there were looked at and accepted.</param>
    internal sealed record Acting(CaseRelative Relative, int PatientAge, ProofFault? Refused, bool Accepted);

    /// <summary>A whole file that waits for an agent to look at the proof: it stays submitted, and goes on by itself.</summary>
    public static bool OnlyWaitsForReview(IReadOnlyList<MissingItem> missing) => missing is [{ Code: Review }];

    private const string Review = "authority_review";

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

        if (!content.PlaceOfCareTold)
        {
            missing.Add(new MissingItem("place_of_care", null,
                "Dites dans quel établissement vous êtes soigné, ou que vous ne l'êtes dans aucun : le médecin choisi n'y travaillera pas."));
        }

        missing.AddRange(MissingAuthority(content));

        if (!content.Confirmed)
        {
            missing.Add(new MissingItem("confirmation", null, "La personne malade doit confirmer ce qui a été rempli pour elle, après relecture."));
        }

        return missing;
    }

    private static IEnumerable<MissingItem> MissingAuthority(Content content)
    {
        if (content.Acting is not { } acting)
        {
            yield break;
        }

        // The child came of age, or the ground was taken before it was asked what it covers.
        if (acting.Relative.Faults("", acting.PatientAge).FirstOrDefault() is { } fault)
        {
            yield return new MissingItem("authority", acting.Relative.Authority, fault.Detail);
        }
        else if (!content.DocumentTypes.Contains(PathologyCatalogue.AuthorityProof))
        {
            yield return new MissingItem("authority_proof", PathologyCatalogue.AuthorityProof, acting.Relative.NeedsPatientsAgreement
                ? "Déposez l'accord signé de la personne malade, et le jugement si vous êtes son curateur."
                : "Déposez le justificatif qui vous permet d'agir pour la personne malade.");
        }
        else if (acting.Refused is { } refused)
        {
            yield return new MissingItem("authority_proof", PathologyCatalogue.AuthorityProof, AuthorityReview.Explain(refused));
        }
        else if (!acting.Accepted)
        {
            yield return new MissingItem(Review, PathologyCatalogue.AuthorityProof,
                "Notre équipe vérifie votre justificatif. Vous n'avez rien à faire : la demande continue ensuite toute seule.");
        }
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
            await Confirmation.IsGiven(db, file),
            file.PlaceOfCare is not null,
            await ActingFor(db, key, file, now)));
    }

    private static async Task<Acting?> ActingFor(NpgsqlConnection db, CaseKey key, CaseRow file, DateTimeOffset now)
    {
        if (file.RequestedBy != RequestedBy.Relative)
        {
            return null;
        }

        var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson);
        var last = await AuthorityReview.Latest(db, file.Id);
        var proofs = await AuthorityReview.Proofs(db, file.Id);
        var ofThese = last is not null && last.DocumentIds.SequenceEqual(proofs);
        return new Acting(
            person.Relative!, person.Patient.AgeOn(FrenchTime.Day(now)), ofThese && !last!.Accepted ? last.Reason!.Value.Value : null,
            ofThese && last!.Accepted);
    }
}
