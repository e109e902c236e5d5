using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Intake.Reminders;
using SecondOpinion.Intake.Submission;
using SecondOpinion.ServiceDefaults.Mail;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>Over SMTP, with a server of the test's own.</summary>
public sealed class ReminderTests : IAsyncLifetime
{
    private readonly TestMailServer _mailbox = new();
    private readonly IntakeFixture _intake = new();

    private RemindPatients Reminders => _intake.Service.Services.GetRequiredService<RemindPatients>();

    public ValueTask InitializeAsync()
    {
        _intake.Settings["Mail:Host"] = "localhost";
        _intake.Settings["Mail:Port"] = _mailbox.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        _intake.Settings["Mail:Tls"] = "false";
        _intake.Settings["Mail:From"] = "SecondOpinion <ne-pas-repondre@avis.example>";
        _intake.Settings["Mail:Portal"] = "https://espace.avis.example/";
        return _intake.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _intake.DisposeAsync();
        await _mailbox.DisposeAsync();
    }

    [Fact]
    public async Task An_unfinished_file_is_recalled_after_2_5_and_10_days_and_once_for_each()
    {
        await _mailbox.Open();
        var id = await _intake.Patient().Open();
        foreach (var (rests, mails) in ((int, int)[])[(1, 0), (2, 1), (4, 1), (5, 2), (9, 2), (11, 3), (40, 3)])
        {
            await Rests(id, rests);
            await Remind();
            await Remind();
            _mailbox.Mails.Count.ShouldBe(mails, $"after {rests} days");
        }

        _mailbox.Mails.Select(m => m.MessageId).ShouldBeUnique();
    }

    [Fact]
    public async Task A_mail_tells_nobody_who_it_is_about_or_what_for()
    {
        await _mailbox.Open();
        var id = await _intake.Patient().Open();
        await Rests(id, 3);
        await Remind();

        var mail = _mailbox.Mails.ShouldHaveSingleItem();
        mail.To.Mailboxes.Single().Address.ShouldBe("camille.exemple@example.org");
        mail.Headers[HeaderId.AutoSubmitted].ShouldBe("auto-generated");
        mail.TextBody!.ShouldContain("https://espace.avis.example/");
        mail.TextBody!.ShouldContain("obtenir\u00A0:");
        foreach (var secret in (string[])["EXEMPLE", "Camille", "Jeanne", "ndom", "289043523899902", "FICTIF000042", id.ToString()])
        {
            $"{mail.Subject} {mail.TextBody}".ShouldNotContain(secret, Case.Insensitive);
        }
    }

    [Fact]
    public async Task After_a_standstill_one_mail_goes_and_whoever_goes_on_is_left_alone()
    {
        await _mailbox.Open();
        var patient = _intake.Patient();
        var id = await patient.Open();
        await Rests(id, 30);
        await Remind();
        _mailbox.Mails.ShouldHaveSingleItem();

        await patient.Fill(id);
        await Remind();
        _mailbox.Mails.ShouldHaveSingleItem();
        await Rests(id, 2);
        await Remind();
        _mailbox.Mails.Count.ShouldBe(2, "another rest, another mail");
        (await patient.Submit(id)).EnsureSuccessStatusCode();
        await Remind();
        _mailbox.Mails.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_question_of_the_physician_is_recalled_until_it_is_answered()
    {
        await _mailbox.Open();
        var patient = _intake.Patient();
        var id = await patient.Assigned();
        var expert = new Dossiers.DossiersClient(_intake.Service.Grpc(TestTokens.Physician(IntakeFixture.Expert), TestTokens.Service("physician")));
        await expert.RequestInformationAsync(new RequestInformationRequest
        {
            CaseId = id.ToString(),
            RequestId = Guid.CreateVersion7().ToString(),
            Text = "Depuis quand prenez-vous ce traitement ?",
        }, deadline: DateTime.UtcNow.AddSeconds(20));
        await Asked(id, 5);
        await Remind();
        var mail = _mailbox.Mails.ShouldHaveSingleItem();
        mail.Subject.ShouldBe("Une question attend votre réponse");
        mail.TextBody!.ShouldContain("dans 9 jours");
        mail.TextBody!.ShouldNotContain("traitement");
        await Remind();
        _mailbox.Mails.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_server_that_is_away_is_asked_again_and_an_address_that_it_refuses_is_not()
    {
        var id = await _intake.Patient().Open();
        await Rests(id, 3);
        // The pass fails, which its job tells to the health check; nothing is claimed.
        (await Should.ThrowAsync<MailNotSentException>(Remind)).Message.ShouldNotContain("example.org");
        (await _intake.Sql<long>("select count(*) from reminder where case_id = @id", new { id })).ShouldBe(0);

        await _mailbox.Open();
        await Remind();
        (await State(id)).ShouldBe("sent");
        _mailbox.Mails.ShouldHaveSingleItem();

        var refused = await _intake.Patient().Open(Journey.Opening(r => r["patient"]!["email"] = "refuse@example.org"));
        await Rests(refused, 3);
        await Remind();
        (await State(refused)).ShouldBe("refused");
        var silent = await _intake.Patient().Open(Journey.Opening(r => r["patient"]!.AsObject().Remove("email")));
        await Rests(silent, 3);
        await Remind();
        (await State(silent)).ShouldBe("no_address");
        _mailbox.Mails.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_mail_whose_sender_died_goes_again_as_the_same_mail_and_one_that_is_being_sent_does_not()
    {
        await _mailbox.Open();
        var id = await _intake.Patient().Open();
        await Rests(id, 3);
        await Remind();
        var first = _mailbox.Mails.ShouldHaveSingleItem().MessageId;
        await _intake.Sql<object>("update reminder set state = 'sending', at = @Now where case_id = @id", new { id, Now = _intake.Time.GetUtcNow() });
        await Remind();
        _mailbox.Mails.ShouldHaveSingleItem();

        _intake.Time.Advance(TimeSpan.FromMinutes(6));
        await Remind();
        _mailbox.Mails.Select(m => m.MessageId).ShouldBe([first, first]);
        (await State(id)).ShouldBe("sent");
    }

    [Fact]
    public async Task No_file_ends_without_a_warning_a_week_before()
    {
        await _mailbox.Open();
        var id = await _intake.Patient().Open();
        await Rests(id, 91);
        var expire = _intake.Service.Services.GetRequiredService<ExpireDrafts>();
        await expire.Expire(TestContext.Current.CancellationToken);
        (await _intake.State(id)).ShouldBe("draft");

        await Remind();
        _mailbox.Mails.ShouldHaveSingleItem().Subject.ShouldBe("Votre dossier va être fermé");
        await expire.Expire(TestContext.Current.CancellationToken);
        (await _intake.State(id)).ShouldBe("draft");

        _intake.Time.Advance(TimeSpan.FromDays(8));
        await expire.Expire(TestContext.Current.CancellationToken);
        (await _intake.State(id)).ShouldBe("withdrawn");
    }

    private Task Remind() => Reminders.Remind(TestContext.Current.CancellationToken);

    /// <summary>As if nothing had come for so many days; the mails already sent rest as long.</summary>
    private async Task Rests(Guid id, int days)
    {
        var since = _intake.Time.GetUtcNow().AddDays(-days);
        await _intake.Sql<object>(
            """
            update reminder set since = @since where about = @id and since = (select touched_at from case_file where id = @id);
            update case_file set touched_at = @since where id = @id;
            """,
            new { id, since });
    }

    private Task Asked(Guid id, int days) => _intake.Sql<object>(
        "update information_request set requested_at = @At where case_id = @id", new { id, At = _intake.Time.GetUtcNow().AddDays(-days) });

    private Task<string> State(Guid id) => _intake.Sql<string>("select state from reminder where case_id = @id", new { id });
}
