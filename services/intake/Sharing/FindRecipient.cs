using System.Globalization;
using System.Security.Claims;
using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Consents;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Sharing;

/// <summary>Tells the service that sends opinions to whom this one may go now, and whose it is. The patient sees each answer among the accesses.</summary>
internal static class FindRecipient
{
    private static readonly string Agreed = CaseRows.Consent(ConsentText.Processing);

    public static Task<FindRecipientReply> Handle(
        NpgsqlDataSource dataSource, Keyring keyring, ClaimsPrincipal service, Guid caseId, CancellationToken cancel) =>
        dataSource.InTransaction(async db =>
        {
            var (file, person, refusal) = await Decide(db, keyring, caseId);
            if (refusal is { } why)
            {
                return new FindRecipientReply { Refusal = why.Word() };
            }

            var (patient, physician) = (person!.Patient, person.TreatingPhysician!);
            await AuditTrail.Record(db, service, "share", "opinion", caseId, ConsentText.Sharing);
            return new FindRecipientReply
            {
                Rpps = physician.Rpps,
                Name = physician.Name ?? "",
                LegalRegime = file!.LegalRegime.Text,
                Patient = new QualifiedIdentity
                {
                    BirthName = patient.BirthName,
                    GivenNames = { patient.GivenNames },
                    Sex = patient.Sex,
                    BirthDate = patient.BirthDate.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                    BirthPlaceCode = patient.BirthPlaceCode,
                    Matricule = patient.Ins!.Matricule,
                    Oid = patient.Ins.Oid,
                },
            };
        }, cancel);

    /// <summary>The last question before the opinion leaves: consent may have been taken back, or the recipient changed, since the first one.</summary>
    public static Task<ConfirmSharingReply> Confirm(
        NpgsqlDataSource dataSource, Keyring keyring, Guid caseId, string rpps, CancellationToken cancel) =>
        dataSource.InTransaction(async db =>
        {
            var (_, person, refusal) = await Decide(db, keyring, caseId);
            var other = refusal is null && person!.TreatingPhysician!.Rpps != rpps ? SharingRefusal.NotAgreed : refusal;
            return new ConfirmSharingReply { Refusal = other?.Word() ?? "" };
        }, cancel);

    private static async Task<(CaseRow? File, SealedPerson? Person, SharingRefusal? Refusal)> Decide(NpgsqlConnection db, Keyring keyring, Guid caseId)
    {
        // What is erased or unknown is over alike.
        if (await CaseRows.AnyHeld(db, caseId) is not { } file)
        {
            return (null, null, SharingRefusal.CaseOver);
        }

        using var key = await CaseKey.Of(db, keyring, caseId);
        var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson);
        var said = await db.QuerySingleAsync<Said>(
            $"""
            select archived_at is null as kept, {Agreed} is true as processing, latest.granted, latest.recipient
            from case_file
            left join lateral (
              select granted, recipient from consent
              where consent.case_id = case_file.id and purpose = @Sharing
              order by position desc
              limit 1
            ) latest on true
            where case_file.id = @caseId
            """,
            new { caseId, ConsentText.Sharing });
        return (file, person, SharingRule.Decide(file.State.Value, said.Kept && said.Processing, person, said.Granted == true ? said.Recipient : null));
    }

    private sealed record Said(bool Kept, bool Processing, bool? Granted, Guid? Recipient);
}
