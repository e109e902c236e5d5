using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Xml.Linq;
using MimeKit;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.ServiceDefaults.Mail;
using SecondOpinion.Tests.Support;
using SmtpServer.Protocol;

namespace SecondOpinion.Tests.Physician.Sharing;

/// <summary>Over TLS, with an SMTP server of the test's own; each test has its own service, clock and operator.</summary>
public sealed class SharingTests : IAsyncLifetime
{
    private readonly SharingPost _post = new();

    public ValueTask InitializeAsync() => _post.InitializeAsync();

    public ValueTask DisposeAsync() => _post.DisposeAsync();

    [Fact]
    public async Task A_signed_opinion_reaches_the_treating_physician_once_sealed_as_it_was_signed()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed();
        await _post.Send();
        await _post.Send();

        var mail = _post.Operator.Mails.ShouldHaveSingleItem();
        _post.Operator.Encrypted.ShouldAllBe(encrypted => encrypted);
        mail.Subject.ShouldBe("XDM/1.0/DDM+DEUXIEME AVIS MEDICAL EXEMPLE-CHATEAU ZOE 28/03/1979");
        mail.To.Mailboxes.Single().Address.ShouldBe("sacha.modele@exemple.mssante.example");
        mail.Headers["Disposition-Notification-To"].ShouldBe("avis@secondopinion.mssante.example");
        mail.Headers["Original-Recipient"].ShouldBe("rfc822;sacha.modele@exemple.mssante.example");
        (mail.Headers["X-MSS-CODECDA"], mail.Headers["X-MSS-INS"], mail.Headers["X-MSS-NIL"]).ShouldBe(("85208-7", "O", "NIL-FICTIF-0001"));
        mail.Headers.Contains("X-MSS-MES").ShouldBeFalse("it would forbid a patient to answer, and this is a physician");
        mail.MessageId.ShouldBe($"{await _post.ShareId(offer):N}@secondopinion.mssante.example");
        // What the operator and whoever looks over a shoulder read is about no disease.
        $"{mail.Subject} {mail.TextBody}".ShouldNotContain("ndom", Case.Insensitive);

        mail.Attachments.Select(a => a.ContentDisposition!.FileName).ShouldBe(["IHE_XDM.zip", "avis-medical-v1.pdf"]);
        var pdf = await Signed(offer);
        Bytes(mail, "avis-medical-v1.pdf").ShouldBe(pdf);
        var archive = Archive(mail);
        archive.Keys.ShouldBe(["INDEX.HTM", "README.TXT", "IHE_XDM/SUBSET01/METADATA.XML", "IHE_XDM/SUBSET01/DOC00001.XML"]);
        var document = XDocument.Parse(archive["IHE_XDM/SUBSET01/DOC00001.XML"]);
        Convert.FromBase64String(document.Descendants(Hl7 + "text").Single().Value).ShouldBe(pdf);
        (await _post.Row(offer)).ShouldBe(("sent", null, 1));
        (await _post.Physician.Scalar<long>("select count(*) from audit_record where action = 'share' and actor_role = 'service'")).ShouldBe(1);
    }

    [Fact]
    public async Task Without_consent_nothing_leaves_until_the_patient_gives_it()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed(agreed: false);
        await _post.Send();
        _post.Time.Advance(TimeSpan.FromDays(3));
        await _post.Send();
        (await _post.Row(offer)).ShouldBe(("held", "not_agreed", 1));

        _post.Agree(offer);
        await Say(offer, granted: true);
        await _post.Send();
        _post.Operator.Mails.ShouldHaveSingleItem();
        (await _post.Row(offer)).State.ShouldBe("sent");
    }

    [Fact]
    public async Task Consent_taken_back_at_the_last_moment_stops_the_mail()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed();
        _post.Physician.Intake.BeforeConfirming = id => _post.Physician.Intake.Recipients.TryRemove(id, out _);
        await _post.Send();
        _post.Operator.Mails.ShouldBeEmpty();
        (await _post.Row(offer)).ShouldBe(("held", "not_agreed", 1));
    }

    [Fact]
    public async Task A_word_about_another_purpose_or_against_sharing_wakes_nothing()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed(agreed: false);
        await _post.Send();
        await Say(offer, granted: true, purpose: "contact_after_six_months");
        await Say(offer, granted: false);
        (await _post.Row(offer)).State.ShouldBe("held");
    }

    [Fact]
    public async Task A_server_that_is_away_for_an_hour_is_asked_again_after_growing_pauses_and_gets_one_mail()
    {
        var offer = await _post.Signed();
        var tried = new List<double>();
        var start = _post.Time.GetUtcNow();
        for (var minute = 0; minute < 60; minute++)
        {
            var before = minute == 0 ? 0 : (await _post.Row(offer)).Attempts;
            if (await Failed())
            {
                (await _post.Row(offer)).Attempts.ShouldBe(before + 1);
                tried.Add((_post.Time.GetUtcNow() - start).TotalMinutes);
            }

            _post.Time.Advance(TimeSpan.FromMinutes(1));
        }

        tried.ShouldBe([0, 1, 6, 21], "a minute, five, fifteen, then an hour");
        _post.Physician.Intake.Recipients.ShouldNotBeEmpty();
        await _post.Operator.Open();
        _post.Time.Advance(TimeSpan.FromMinutes(25));
        await _post.Send();
        _post.Operator.Mails.ShouldHaveSingleItem();
        (await _post.Row(offer)).ShouldBe(("sent", null, 5));
    }

    [Fact]
    public async Task After_days_without_success_it_is_given_up()
    {
        var offer = await _post.Signed();
        var attempts = 0;
        for (var hour = 0; hour < 100; hour++)
        {
            attempts += await Failed() ? 1 : 0;
            _post.Time.Advance(TimeSpan.FromHours(1));
        }

        attempts.ShouldBe(9);
        (await _post.Row(offer)).ShouldBe(("ended", "gave_up", 9));
    }

    [Fact]
    public async Task A_fault_in_the_midst_of_a_mail_is_tried_again_as_the_same_mail()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed();
        _post.Operator.Faults.Enqueue(new SmtpResponse(SmtpReplyCode.InsufficientStorage, "later"));
        await _post.Send();
        (await _post.Row(offer)).ShouldBe(("waiting", null, 1));
        _post.Time.Advance(TimeSpan.FromMinutes(2));
        await _post.Send();
        _post.Operator.Mails.ShouldHaveSingleItem();

        // The server took it, and the process died before it was noted.
        await _post.Physician.Scalar<object>(
            "update opinion_share set state = 'sending', sent_at = null, claimed_at = @Now where case_id = @CaseId",
            new { offer.CaseId, Now = _post.Time.GetUtcNow() });
        await _post.Send();
        _post.Operator.Mails.ShouldHaveSingleItem("another instance may be at it");
        _post.Time.Advance(TimeSpan.FromMinutes(6));
        await _post.Send();
        _post.Operator.Mails.Select(m => m.MessageId).Distinct().ShouldHaveSingleItem();
        _post.Operator.Mails.Count.ShouldBe(2);
        (await _post.Row(offer)).State.ShouldBe("sent");
    }

    [Fact]
    public async Task Whoever_has_no_mailbox_is_looked_up_again_and_an_address_that_is_refused_is_not()
    {
        await _post.Operator.Open();
        var unlisted = await _post.Signed(agreed: false);
        _post.Agree(unlisted, SharingPost.Unlisted);
        var refused = await _post.Signed(agreed: false);
        _post.Agree(refused, SharingPost.Refused);
        await _post.Send();
        (await _post.Row(unlisted)).ShouldBe(("held", "no_mailbox", 1));
        (await _post.Row(refused)).ShouldBe(("ended", "address_refused", 1));

        _post.Agree(unlisted);
        _post.Agree(refused);
        _post.Time.Advance(TimeSpan.FromDays(8));
        await _post.Send();
        _post.Operator.Mails.ShouldHaveSingleItem();
        (await _post.Row(unlisted)).State.ShouldBe("sent");
    }

    [Fact]
    public async Task A_correction_follows_as_the_next_version_of_the_same_set_and_replaces_what_was_sent()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed();
        await _post.Send();
        await _post.Sign(offer, "\"v2\"");
        await _post.Send();

        var documents = _post.Operator.Mails.Select(m => XDocument.Parse(Archive(m)["IHE_XDM/SUBSET01/DOC00001.XML"]).Root!).ToList();
        documents.Count.ShouldBe(2);
        documents.Select(d => d.Element(Hl7 + "setId")!.Attribute("root")!.Value).Distinct().ShouldHaveSingleItem();
        documents.Select(d => d.Element(Hl7 + "versionNumber")!.Attribute("value")!.Value).ShouldBe(["1", "2"]);
        documents[0].Element(Hl7 + "relatedDocument").ShouldBeNull();
        documents[1].Descendants(Hl7 + "parentDocument").Single().Element(Hl7 + "id")!.Attribute("root")!.Value
            .ShouldBe(documents[0].Element(Hl7 + "id")!.Attribute("root")!.Value);
        _post.Operator.Mails.Last().TextBody!.ShouldContain("Cette version 2 corrige et remplace");
    }

    [Fact]
    public async Task A_version_that_was_corrected_before_it_left_never_leaves()
    {
        var offer = await _post.Signed();
        await Failed();
        await _post.Sign(offer, "\"v2\"");
        await _post.Operator.Open();
        _post.Time.Advance(TimeSpan.FromMinutes(2));
        await _post.Send();
        _post.Operator.Mails.ShouldHaveSingleItem().Attachments.Last().ContentDisposition!.FileName.ShouldBe("avis-medical-v2.pdf");
        (await _post.Row(offer)).ShouldBe(("ended", "superseded", 1));
        (await _post.Row(offer, version: 2)).State.ShouldBe("sent");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_proves_nothing_or_offers_no_encryption_gets_nothing(bool certificate)
    {
        // Another certificate for the same name, or none at all: as if somebody stood in between.
        await using var impostor = new TestMailServer(certificate ? TestCertificate.Server() : null);
        await impostor.Open();
        await _post.Physician.Service.Stop();
        await _post.Physician.Service.Start(new Dictionary<string, string?>
        {
            ["MsSante:Port"] = impostor.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        });
        var offer = await _post.Signed();
        (await Failed()).ShouldBeTrue();
        impostor.Mails.ShouldBeEmpty();
        (await _post.Row(offer)).ShouldBe(("waiting", null, 1));
    }

    [Fact]
    public async Task An_erased_case_goes_to_nobody()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed(agreed: false);
        await _post.Send();
        _post.Agree(offer);
        await _post.Physician.Publish(new CaseErased { CaseId = offer.CaseId, Reason = "retention", ErasedAt = _post.Time.GetUtcNow() });
        await Say(offer, granted: true);
        _post.Time.Advance(TimeSpan.FromDays(30));
        await _post.Send();
        _post.Operator.Mails.ShouldBeEmpty();
        (await _post.Row(offer)).ShouldBe(("ended", "case_over", 1));
    }

    [Fact]
    public async Task The_physician_who_signed_sees_where_it_stands_and_another_sees_nothing()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed();
        await _post.Send();
        await _post.Physician.Scalar<object>(
            "insert into share_receipt (share_id, kind, code, received_at) values (@Id, 'not_integrated', 904, @Now)",
            new { Id = await _post.ShareId(offer), Now = _post.Time.GetUtcNow() });

        var path = $"/api/v1/worklist/cases/{offer.CaseId}/opinion/sharing";
        var version = (await _post.Physician.As(_post.Physician.Alix).GetFromJsonAsync<JsonElement>(path)).GetProperty("versions")[0];
        (version.GetProperty("version").GetInt32(), version.GetProperty("state").GetString()).ShouldBe((1, "sent"));
        var receipt = version.GetProperty("receipts")[0];
        receipt.GetProperty("code").GetInt32().ShouldBe(904);
        receipt.GetProperty("explanation").GetString()!.ShouldContain("identité nationale de santé différente");
        version.ToString().ShouldNotContain("modele", Case.Insensitive, "who it is stays in intake");
        (await _post.Physician.As(_post.Physician.Noé).GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private static readonly XNamespace Hl7 = "urn:hl7-org:v3";

    private Task Say(CaseOffered offer, bool granted, string purpose = "sharing_with_treating_physician") => _post.Physician.Publish(
        new ConsentChanged { CaseId = offer.CaseId, Purpose = purpose, Granted = granted, ChangedAt = _post.Time.GetUtcNow() });

    /// <summary>Whether a pass failed, which its job tells to the health check; the address is in no message.</summary>
    private async Task<bool> Failed()
    {
        try
        {
            await _post.Send();
            return false;
        }
        catch (MailNotSentException exception)
        {
            exception.Message.ShouldNotContain("mssante");
            return true;
        }
    }

    private Task<byte[]> Signed(CaseOffered offer) =>
        _post.Physician.As(_post.Physician.Alix).GetByteArrayAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion.pdf");

    private static byte[] Bytes(MimeMessage mail, string name)
    {
        using var bytes = new MemoryStream();
        mail.Attachments.OfType<MimePart>().Single(a => a.FileName == name).Content!.DecodeTo(bytes);
        return bytes.ToArray();
    }

    private static Dictionary<string, string> Archive(MimeMessage mail)
    {
        using var archive = new ZipArchive(new MemoryStream(Bytes(mail, "IHE_XDM.zip")));
        return archive.Entries.ToDictionary(e => e.FullName, e =>
        {
            using var text = new StreamReader(e.Open());
            return text.ReadToEnd();
        });
    }
}
