using System.Globalization;
using System.Text.RegularExpressions;
using MimeKit;

namespace SecondOpinion.Physician.Sharing.Receipts;

/// <summary>What the recipient's side did with a mail.</summary>
internal enum ReceiptKind
{
    /// <summary>Filed by the practice's software.</summary>
    Processed,

    /// <summary>Shown to a person.</summary>
    Displayed,
    Dispatched,
    Deleted,

    /// <summary>The practice's software could not file it: see the code.</summary>
    NotIntegrated,

    /// <summary>It did not reach the mailbox.</summary>
    Bounced,
}

/// <summary>An answer of a machine to a mail: a disposition notification (RFC 8098) or a delivery report (RFC 3464).</summary>
/// <param name="MessageId">Of the mail that it answers.</param>
/// <param name="Kind">What was done with it.</param>
/// <param name="Code">Of an integration error, 900 to 906; else 0.</param>
internal sealed partial record Receipt(string MessageId, ReceiptKind Kind, int Code)
{
    /// <summary>« Autre erreur »: what stands for any code that the volet does not list.</summary>
    public const int OtherError = 906;

    private static readonly Dictionary<string, ReceiptKind> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        ["processed"] = ReceiptKind.Processed,
        ["displayed"] = ReceiptKind.Displayed,
        ["dispatched"] = ReceiptKind.Dispatched,
        ["deleted"] = ReceiptKind.Deleted,
    };

    /// <returns>Null when the mail is no such answer: then a person reads it.</returns>
    public static Receipt? Read(MimeMessage mail) => mail.BodyParts.OfType<MessageDispositionNotification>().FirstOrDefault() is { } notification
        ? OfDisposition(notification, mail.Subject ?? "")
        : mail.BodyParts.OfType<MessageDeliveryStatus>().FirstOrDefault() is { } status ? OfDelivery(status, mail) : null;

    private static Receipt? OfDisposition(MessageDispositionNotification notification, string subject)
    {
        var fields = notification.Fields;
        if (fields["Original-Message-ID"]?.Trim() is not { Length: > 0 } original
            || Disposition().Match(fields["Disposition"] ?? "") is not { Success: true } said
            || !Kinds.TryGetValue(said.Groups["type"].Value, out var kind))
        {
            return null;
        }

        return said.Groups["modifier"].Value.StartsWith("error", StringComparison.OrdinalIgnoreCase)
            // Software writes the code into the disposition, into a field of its own, or into the subject alone.
            ? new Receipt(original, ReceiptKind.NotIntegrated, CodeIn(said.Groups["rest"].Value) ?? CodeIn(fields["Error"]) ?? CodeIn(subject) ?? OtherError)
            : new Receipt(original, kind, 0);
    }

    /// <summary>Only that it failed for good is told: a mail that is late may still arrive.</summary>
    private static Receipt? OfDelivery(MessageDeliveryStatus status, MimeMessage mail)
    {
        var failed = status.StatusGroups.Any(g => string.Equals(g["Action"]?.Trim(), "failed", StringComparison.OrdinalIgnoreCase));
        var original = mail.BodyParts.OfType<MessagePart>().Select(p => p.Message?.MessageId).FirstOrDefault(id => id is not null);
        return failed && original is not null ? new Receipt(original, ReceiptKind.Bounced, 0) : null;
    }

    private static int? CodeIn(string? text) =>
        Code900().Match(text ?? "") is { Success: true } found ? int.Parse(found.Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@";\s*(?<type>[A-Za-z]+)\s*(/\s*(?<modifier>[A-Za-z]+)\s*:?(?<rest>.*))?", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Disposition();

    [GeneratedRegex(@"(?<![0-9])90[0-6](?![0-9])", RegexOptions.None, 1000)]
    private static partial Regex Code900();
}
