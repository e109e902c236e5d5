using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Cases;

/// <summary>Why a proof is not accepted.</summary>
internal enum ProofFault
{
    Unreadable,

    /// <summary>Names another patient or another relative.</summary>
    OtherPerson,

    /// <summary>Shows no such authority: a blood analysis, a judgement about something else.</summary>
    NotThisAuthority,

    /// <summary>A measure that concerns money alone.</summary>
    NotThePerson,

    /// <summary>The adult does not agree, or no longer does.</summary>
    NoAgreement,
}

/// <summary>Somebody of ours has looked at the proof: of these very documents. A file of a relative opens to no physician before.</summary>
internal sealed record AuthorityReview(Guid Id, bool Accepted, Word<ProofFault>? Reason, bool PatientAgreed, Guid[] DocumentIds)
{
    private const string ProofsOfCase =
        "array(select d.id from document d where d.case_id = case_file.id and d.type_code = 'authority_proof' order by d.id)";

    /// <summary>SQL: nobody acts for the patient, or the last review accepted the proofs that are there now.</summary>
    public const string Holds =
        $"""
        (requested_by <> 'relative' or coalesce((
          select r.accepted and r.document_ids = {ProofsOfCase}
          from authority_review r
          where r.case_id = case_file.id
          order by r.position desc
          limit 1), false))
        """;

    /// <summary>SQL: somebody acts for the patient and has given a proof that nobody has judged yet.</summary>
    public const string Waits =
        $"""
        (requested_by = 'relative' and state in ('draft', 'incomplete', 'submitted') and cardinality({ProofsOfCase}) > 0
          and not exists (select from authority_review r where r.case_id = case_file.id and r.document_ids = {ProofsOfCase}))
        """;

    public static Task<AuthorityReview?> Latest(NpgsqlConnection db, Guid caseId) => db.QueryFirstOrDefaultAsync<AuthorityReview>(
        """
        select id, accepted, reason, patient_agreed, document_ids
        from authority_review
        where case_id = @caseId
        order by position desc
        limit 1
        """,
        new { caseId });

    public static Task<bool> IsGiven(NpgsqlConnection db, CaseRow file) =>
        db.ExecuteScalarAsync<bool>($"select {Holds} from case_file where id = @Id", new { file.Id });

    public static async Task<Guid[]> Proofs(NpgsqlConnection db, Guid caseId) =>
        [.. await db.QueryAsync<Guid>("select id from document where case_id = @caseId and type_code = 'authority_proof' order by id", new { caseId })];

    /// <summary>French, for the relative.</summary>
    public static string Explain(ProofFault fault) => fault switch
    {
        ProofFault.Unreadable => "Le justificatif n'est pas lisible. Déposez-en une copie nette et entière.",
        ProofFault.OtherPerson => "Le justificatif ne nomme pas la personne malade et vous-même. Déposez celui qui vous concerne.",
        ProofFault.NotThisAuthority => "Ce document ne montre pas ce qui vous permet d'agir. Déposez le livret de famille, le jugement ou l'accord signé.",
        ProofFault.NotThePerson => "La mesure ne concerne que les biens. La personne malade décide elle-même ; elle peut vous choisir par un accord signé.",
        ProofFault.NoAgreement => "La personne malade n'a pas donné son accord, ou l'a retiré.",
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, null),
    };
}
