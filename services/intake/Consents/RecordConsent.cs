using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Overview;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Consents;

/// <summary>Gives or takes back a consent. Taking back <c>processing</c> withdraws a case that is under way: nobody may go on reading it.</summary>
internal static class RecordConsent
{
    /// <summary>A choice about one purpose.</summary>
    /// <param name="Purpose"><c>processing</c>, <c>sharing_with_treating_physician</c>, <c>contact_after_six_months</c> or, in a case that a physician opened,
    /// <c>teleexpertise</c>.</param>
    /// <param name="Granted">False refuses the consent or takes it back.</param>
    /// <param name="TextVersion">Version of the text that was shown; the current one when left out.</param>
    internal sealed record RecordConsentRequest(
        [property: Codes(typeof(ConsentText), nameof(ConsentText.Purposes))] string Purpose, bool Granted, int? TextVersion = null);

    /// <summary>A choice that was kept.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="Purpose">What it is for.</param>
    /// <param name="Granted">The choice.</param>
    /// <param name="TextVersion">Version of the text that was read.</param>
    /// <param name="At">When it was made.</param>
    /// <param name="State">State of the case afterwards: taking back <c>processing</c> withdraws a case that was submitted.</param>
    internal sealed record RecordedConsent(Guid CaseId, string Purpose, bool Granted, int TextVersion, DateTimeOffset At, string State);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/consents", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .Refuses(Problems.WrongState)
        .WithName("RecordConsent")
        .WithSummary("Give or take back a consent")
        .WithDescription("Every change is kept with its text version, time and author. Repeating the same choice changes nothing. A physician gives none but "
            + "`teleexpertise`: the others are the patient's own word. `sharing_with_treating_physician` holds for the physician who is named in the case when "
            + "it is given: naming another one asks for it anew.");

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<RecordedConsent>, Problem>> Handle(
        Guid id, RecordConsentRequest request, ClaimsPrincipal user, NpgsqlDataSource dataSource, Keyring keyring, TimeProvider time,
        CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<RecordedConsent>, Problem>>(async db =>
        {
            if (ConsentText.Latest(request.Purpose) is not { } text)
            {
                return CommonProblems.Invalid(new FieldError("#/purpose", "unknown_code", "Ce type d'accord n'existe pas.", [.. ConsentText.Purposes]));
            }

            if (request.TextVersion is { } shown && shown != text.Version)
            {
                return CommonProblems.Invalid(new FieldError("#/textVersion", "outdated", "Le texte a changé : relisez-le avant de donner votre accord."));
            }

            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            if (request.Purpose == ConsentText.RelativeActs)
            {
                return CommonProblems.Invalid(new FieldError(
                    "#/purpose", "not_by_this_way", "Cet accord est recueilli par notre équipe, auprès de la personne malade, avec le justificatif."));
            }

            // A physician writes down one thing that was said in the consulting room; the rest is the patient's own word.
            if (user.Role() == Roles.Physician && request.Purpose != ConsentText.Teleexpertise && request.Granted)
            {
                return CommonProblems.Invalid(new FieldError(
                    "#/purpose", "patients_own_word", "Seule la personne malade donne cet accord, depuis son compte."));
            }

            if (request.Purpose == ConsentText.Teleexpertise && file.RequestedBy != RequestedBy.Physician)
            {
                return CommonProblems.Invalid(new FieldError(
                    "#/purpose", "not_for_this_case", "Cet accord ne concerne que les demandes faites par un médecin."));
            }

            var current = (await CaseViews.Consents(db, id)).FirstOrDefault(c => c.Purpose == request.Purpose);
            var recipient = request is { Purpose: ConsentText.Sharing, Granted: true } ? await TreatingPhysician(db, keyring, file) : null;
            if (current is not null && current.Granted == request.Granted && current.TextVersion == text.Version
                && (recipient is null || recipient == await Recipient(db, id)))
            {
                return TypedResults.Ok(new RecordedConsent(id, request.Purpose, request.Granted, text.Version, current.At, file.State.Text));
            }

            if (request.Granted && CaseLife.IsOver(file.State.Value) && file.State.Value != CaseState.Closed)
            {
                return Problems.CaseIs(file.State.Value);
            }

            var now = time.GetUtcNow();
            await Insert(db, user, id, text, request.Granted, now, recipient);
            if (request.Purpose == ConsentText.Teleexpertise)
            {
                // The regime follows the patient's word; nobody outside intake acts on this consent, so no event tells of it.
                await db.ExecuteAsync(
                    "update case_file set legal_regime = @regime, version = version + 1 where id = @id",
                    new { id, regime = (Word<LegalRegime>)LegalRegimes.Of(file.RequestedBy.Value, request.Granted) });
                return TypedResults.Ok(new RecordedConsent(id, request.Purpose, request.Granted, text.Version, now, file.State.Text));
            }

            await Outbox.Publish(db, id, new ConsentChanged { CaseId = id, Purpose = request.Purpose, Granted = request.Granted, ChangedAt = now });
            var underWay = !CaseLife.IsBeingWritten(file.State.Value) && CaseLife.Decide(file.State.Value, CaseMove.Withdraw) is Decision.Moves;
            if (text.RequiredToSubmit && !request.Granted && underWay)
            {
                await WithdrawCase.Withdraw(db, file, now);
                return TypedResults.Ok(new RecordedConsent(id, request.Purpose, false, text.Version, now, CaseState.Withdrawn.Word()));
            }

            return TypedResults.Ok(new RecordedConsent(id, request.Purpose, request.Granted, text.Version, now, file.State.Text));
        }, cancel);

    /// <param name="db">In the transaction of the choice.</param>
    /// <param name="user">Who makes it.</param>
    /// <param name="caseId">The case.</param>
    /// <param name="text">What was read.</param>
    /// <param name="granted">The choice.</param>
    /// <param name="now">When.</param>
    /// <param name="recipient">Of sharing: the physician for whom it holds.</param>
    internal static Task Insert(
        NpgsqlConnection db, ClaimsPrincipal user, Guid caseId, ConsentText text, bool granted, DateTimeOffset now, Guid? recipient = null) =>
        db.ExecuteAsync(
            """
            insert into consent (id, case_id, purpose, granted, text_version, text_sha256, given_by, channel, at, recipient)
            values (@Id, @caseId, @Purpose, @granted, @Version, @Sha256, @By, @Channel, @now, @recipient)
            """,
            new
            {
                Id = Guid.CreateVersion7(now),
                caseId,
                text.Purpose,
                granted,
                text.Version,
                text.Sha256,
                By = CaseOwner.OpenerOf(user.Role(), user),
                Channel = Channels.Of(user),
                now,
                recipient,
            });

    private static async Task<Guid?> TreatingPhysician(NpgsqlConnection db, Keyring keyring, CaseRow file)
    {
        using var key = await CaseKey.Of(db, keyring, file.Id);
        return key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).TreatingPhysician is { } physician
            ? Rpps.Parse(physician.Rpps).PhysicianId
            : null;
    }

    /// <summary>For whom the last word on sharing was said.</summary>
    private static Task<Guid?> Recipient(NpgsqlConnection db, Guid caseId) => db.ExecuteScalarAsync<Guid?>(
        "select recipient from consent where case_id = @caseId and purpose = @Sharing order by position desc limit 1", new { caseId, ConsentText.Sharing });
}
