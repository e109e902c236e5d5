using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Physician.Sharing.Receipts;

namespace SecondOpinion.Tests.Physician.Sharing;

/// <summary>Receipts over IMAP, from the operator's mailbox to what the physician sees.</summary>
public sealed class MailboxOfReceiptsTests : IAsyncLifetime
{
    private readonly SharingPost _post = new();

    public ValueTask InitializeAsync() => _post.InitializeAsync();

    public ValueTask DisposeAsync() => _post.DisposeAsync();

    [Fact]
    public async Task Receipts_are_kept_once_and_removed_and_what_people_write_is_flagged_and_left()
    {
        await _post.Operator.Open();
        var offer = await _post.Signed();
        await _post.Send();
        var id = _post.Operator.Mails.Single().MessageId;
        _post.Mailbox.Put(Mail(ReceiptTests.Disposition("automatic-action/MDN-sent-automatically; processed/Error: 902^inconnu", messageId: $"<{id}>")));
        _post.Mailbox.Put(Mail(ReceiptTests.Disposition("automatic-action/MDN-sent-automatically; processed/Error: 902^inconnu", messageId: $"<{id}>")));
        var person = _post.Mailbox.Put(Mail("Content-Type: text/plain\n\nMerci, je vois la patiente demain."));
        var foreign = _post.Mailbox.Put(Mail(ReceiptTests.Disposition(
            "automatic-action/MDN-sent-automatically; processed", messageId: $"<{Guid.NewGuid():N}@secondopinion.mssante.example>")));
        var other = _post.Mailbox.Put(Mail(ReceiptTests.Disposition("automatic-action/MDN-sent-automatically; processed", messageId: "<id@ailleurs.example>")));
        await _post.ReadReceipts();

        _post.Mailbox.Encrypted.ShouldBeTrue();
        _post.Mailbox.Inbox.ShouldBe([(person, @"\Flagged"), (foreign, @"\Flagged"), (other, @"\Flagged")]);
        _post.Mailbox.Put(Mail(ReceiptTests.Disposition("manual-action/MDN-sent-manually; displayed", messageId: $"<{id}>")));
        _post.Time.Advance(TimeSpan.FromSeconds(1));
        await _post.ReadReceipts();
        _post.Mailbox.Inbox.Count.ShouldBe(3, "what a person is to read stays");

        var seen = await _post.Physician.As(_post.Physician.Alix)
            .GetFromJsonAsync<JsonElement>($"/api/v1/worklist/cases/{offer.CaseId}/opinion/sharing");
        seen.GetProperty("versions")[0].GetProperty("receipts").EnumerateArray().Select(r => r.GetProperty("kind").GetString())
            .ShouldBe(["not_integrated", "displayed"]);
    }

    [Fact]
    public async Task A_mailbox_that_is_away_is_told_without_a_name()
    {
        await _post.Mailbox.Close();
        var away = await Should.ThrowAsync<ReceiptsNotReadException>(_post.ReadReceipts);
        away.Message.ShouldNotContain("mssante");
    }

    private static string Mail(string body) =>
        $"From: auto@exemple.mssante.example\nTo: avis@secondopinion.mssante.example\nSubject: XDM/1.0/DDM+AVIS\nMIME-Version: 1.0\n{body}";
}
