using SecondOpinion.ServiceDefaults.Mail;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Intake.Reminders;

/// <summary>Where mail leaves. Without a host nobody is reminded, and drafts expire without a warning.</summary>
internal sealed class MailSettings : MailServer, ISettings
{
    public static string Section => "Mail";

    /// <summary>Where people sign in; stands in every mail.</summary>
    public Uri? Portal { get; set; }

    public string? Fault() =>
        Host.Length > 0 && Portal is not { IsAbsoluteUri: true } ? "Mail:Portal (an absolute address) is needed with Mail:Host." : ServerFault(Section);
}
