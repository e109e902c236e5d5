using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Intake.Reminders;

/// <summary>Where mail leaves. Without a host nobody is reminded, and drafts expire without a warning.</summary>
internal sealed class MailSettings : ISettings
{
    public static string Section => "Mail";

    /// <summary>The SMTP server; none unless set.</summary>
    public string Host { get; set; } = "";

    public int Port { get; set; } = 587;

    /// <summary>Encrypted from the first byte or by STARTTLS; without it only a server of this machine is spoken to.</summary>
    public bool Tls { get; set; } = true;

    public string User { get; set; } = "";

    public string Password { get; set; } = "";

    public string From { get; set; } = "";

    /// <summary>Where people sign in; stands in every mail.</summary>
    public Uri? Portal { get; set; }

    public string? Fault() =>
        Host.Length == 0 || From.Contains('@') && Portal is { IsAbsoluteUri: true } && (Tls || Host is "localhost" or "127.0.0.1" or "::1")
            ? null
            : "Mail:From (an address) and Mail:Portal (an absolute address) are needed with Mail:Host, and Mail:Tls unless the server is this machine.";
}
