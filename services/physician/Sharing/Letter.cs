using System.Globalization;
using MimeKit;
using SecondOpinion.Physician.Sharing.Document;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Physician.Sharing;

/// <summary>
/// The mail to the treating physician as practice software reads it: subject and archive by the volet « transmission d'un document CDA par courriel MSSanté »,
/// the PDF beside it for people, headers by the référentiel socle MSSanté #2.
/// </summary>
internal sealed class Letter(MsSanteSettings settings)
{
    private const string Label = "DEUXIEME AVIS MEDICAL";

    public MimeMessage Of(OpinionDocument opinion, Guid shareId, DateTimeOffset now)
    {
        var from = MailboxAddress.Parse(settings.From);
        var to = new MailboxAddress($"{opinion.Recipient.Given} {opinion.Recipient.Family}".Trim(), opinion.Recipient.Address);
        var parts = new Multipart("mixed")
        {
            new TextPart("plain") { Text = Text(opinion) },
            Attachment("application", "zip", "IHE_XDM.zip", XdmArchive.Of(opinion, settings, shareId, now)),
            Attachment("application", "pdf", $"avis-medical-v{opinion.Version}.pdf", opinion.Pdf),
        };
        var message = new MimeMessage([from], [to], Subject(opinion), parts) { MessageId = MessageId(shareId), Date = now };
        // The same address as the sender's, or a receipt needs a person's yes (RFC 8098).
        message.Headers.Add(HeaderId.DispositionNotificationTo, from.Address);
        message.Headers.Add(HeaderId.OriginalRecipient, $"rfc822;{opinion.Recipient.Address}");
        message.Headers.Add(HeaderId.ContentLanguage, "fr");
        message.Headers.Add("X-MSS-CODECDA", OpinionDocument.Code);
        message.Headers.Add("X-MSS-INS", "O");
        message.Headers.Add("X-MSS-NIL", settings.ProductReference);
        return message;
    }

    public string MessageId(Guid shareId) => $"{shareId:N}@{MailboxAddress.Parse(settings.From).Domain}";

    /// <returns>The sending that a receipt names; null when it is not one of ours.</returns>
    public Guid? ShareOf(string? messageId) =>
        messageId?.Trim().Trim('<', '>').Split('@') is [var id, var domain]
        && domain.Equals(MailboxAddress.Parse(settings.From).Domain, StringComparison.OrdinalIgnoreCase) && Guid.TryParseExact(id, "N", out var share)
            ? share
            : null;

    private static string Subject(OpinionDocument opinion)
    {
        var birth = DateOnly.ParseExact(opinion.Patient.BirthDate, "yyyy-MM-dd", CultureInfo.InvariantCulture);
        return $"XDM/1.0/DDM+{Label} {opinion.BirthName} {opinion.FirstName} {birth.ToString("dd/MM/yyyy", CultureInfo.InvariantCulture)}";
    }

    private string Text(OpinionDocument opinion)
    {
        var name = opinion.Author.Name;
        var whose = opinion.Patient.Sex == "F" ? "Une de vos patientes" : "Un de vos patients";
        var corrects = opinion.Version == 1 ? "" : $"Cette version {opinion.Version} corrige et remplace les précédentes.\n";
        return $"""
            Bonjour,

            {whose} a demandé un deuxième avis médical, et a donné son accord pour que vous le receviez.
            L'avis a été signé par {$"{name.Prefix} {name.Given} {name.Family}".Trim()}, le {FrenchTime.Sentence(opinion.SignedAt)} (heure de Paris).
            {corrects}
            Vous le trouvez ci-joint en PDF, et sous forme structurée (IHE_XDM.zip) pour votre logiciel.
            Il a été rendu sur dossier, sans examen clinique : la décision se prend avec vous.

            {settings.Organization}

            """;
    }

    private static MimePart Attachment(string type, string subtype, string name, byte[] content) => new(type, subtype)
    {
        Content = new MimeContent(new MemoryStream(content)),
        ContentDisposition = new ContentDisposition(ContentDisposition.Attachment) { FileName = name },
        ContentType = { Name = name },
        ContentTransferEncoding = ContentEncoding.Base64,
    };
}
