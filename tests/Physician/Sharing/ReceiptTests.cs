using System.Text;
using MimeKit;
using SecondOpinion.Physician.Sharing.Receipts;

namespace SecondOpinion.Tests.Physician.Sharing;

/// <summary>What a recipient's system answers, as the volet and RFC 8098 write it, and what is no answer.</summary>
public sealed class ReceiptTests
{
    [Theory]
    [InlineData("automatic-action/MDN-sent-automatically; processed", "Processed", 0)]
    [InlineData("automatic-action/MDN-sent-automatically;processed", "Processed", 0)]
    [InlineData("manual-action/MDN-sent-manually; displayed", "Displayed", 0)]
    [InlineData("automatic-action/MDN-sent-automatically; dispatched", "Dispatched", 0)]
    [InlineData("manual-action/MDN-sent-automatically; deleted", "Deleted", 0)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/warning: slow", "Processed", 0)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/Error: 900^Version du document incorrecte", "NotIntegrated", 900)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/Error: 901^Auteur non autorisé", "NotIntegrated", 901)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/Error: 902^Identifiant de patient inconnu^x| E^Error^y", "NotIntegrated", 902)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/Error: 903^INS absente", "NotIntegrated", 903)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/error:904", "NotIntegrated", 904)]
    [InlineData("automatic-action/MDN-sent-automatically; processed / ERROR : 905^INS incomplète", "NotIntegrated", 905)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/Error: 906^Autre", "NotIntegrated", 906)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/Error: 1902^inconnu", "NotIntegrated", 906)]
    [InlineData("automatic-action/MDN-sent-automatically; processed/error", "NotIntegrated", 906)]
    public void A_disposition_is_read_with_its_code(string disposition, string kind, int code)
    {
        var receipt = Receipt.Read(Mail(Disposition(disposition)))!;
        (receipt.MessageId, receipt.Kind.ToString(), receipt.Code).ShouldBe(("<id@avis.example>", kind, code));
    }

    [Fact]
    public void A_code_that_stands_in_a_field_of_its_own_or_in_the_subject_is_found()
    {
        Receipt.Read(Mail(Disposition("automatic-action/MDN-sent-automatically; processed/error", "Error: 903^INS absente")))!.Code.ShouldBe(903);
        Receipt.Read(Mail(Disposition("automatic-action/MDN-sent-automatically; processed/error"), "[KO Intégration système !][902] XDM/1.0/DDM+AVIS X"))!
            .Code.ShouldBe(902);
    }

    [Fact]
    public void A_report_that_a_mail_failed_for_good_is_a_bounce_and_one_that_it_is_late_is_not()
    {
        Receipt.Read(Mail(Delivery("failed")))!.ShouldBe(new Receipt("id@avis.example", ReceiptKind.Bounced, 0));
        Receipt.Read(Mail(Delivery("delayed"))).ShouldBeNull();
    }

    [Theory]
    [InlineData("Content-Type: text/plain\n\nMerci, je vois la patiente demain.")]
    [InlineData("Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: text/plain\n\nlu\n--b--")]
    public void What_a_person_writes_is_no_receipt(string mail) => Receipt.Read(Mail(mail)).ShouldBeNull();

    [Theory]
    [InlineData("Disposition: automatic-action/MDN-sent-automatically; processed")]
    [InlineData("Original-Message-ID: <id@avis.example>")]
    [InlineData("Original-Message-ID: <id@avis.example>\nDisposition: nonsense")]
    [InlineData("Original-Message-ID: <id@avis.example>\nDisposition: a/b; eaten")]
    public void A_notification_that_says_too_little_is_left_for_a_person(string fields) => Receipt.Read(Mail(Report(fields))).ShouldBeNull();

    public static string Disposition(string disposition, string more = "", string messageId = "<id@avis.example>") => Report(
        $"Original-Recipient: rfc822;sacha.modele@exemple.mssante.example\nFinal-Recipient: rfc822;sacha.modele@exemple.mssante.example\n"
        + $"Original-Message-ID: {messageId}\nDisposition: {disposition}\n{more}".TrimEnd());

    private static string Report(string fields) =>
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=\"b\"\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nBonjour\n\n"
        + $"--b\nContent-Type: message/disposition-notification\n\n{fields}\n\n--b--\n";

    private static string Delivery(string action) =>
        "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nnon remis\n\n"
        + "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; operateur.example\n\n"
        + $"Final-Recipient: rfc822; sacha.modele@exemple.mssante.example\nAction: {action}\nStatus: 5.1.1\n\n"
        + "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <id@avis.example>\nSubject: XDM\n\n--b--\n";

    private static MimeMessage Mail(string body, string subject = "XDM/1.0/DDM+AVIS")
    {
        using var text = new MemoryStream(Encoding.UTF8.GetBytes(
            $"From: auto@exemple.mssante.example\nTo: avis@avis.example\nSubject: {subject}\nMIME-Version: 1.0\n{body}".ReplaceLineEndings("\r\n")));
        return MimeMessage.Load(text);
    }
}
