namespace SecondOpinion.ServiceDefaults.Mail;

/// <summary>A mail server and how it is spoken to: the base of the settings of whoever sends mail.</summary>
public abstract class MailServer
{
    /// <summary>The SMTP server; none unless set.</summary>
    public string Host { get; set; } = "";

    public int Port { get; set; } = 587;

    /// <summary>Encrypted from the first byte on port 465, else by STARTTLS, without which nothing is sent. False only for a server of this machine.</summary>
    public bool Tls { get; set; } = true;

    public string User { get; set; } = "";

    public string Password { get; set; } = "";

    /// <summary>The sender's address, with or without a name.</summary>
    public string From { get; set; } = "";

    /// <summary>
    /// A file of certificates (PEM) that vouch for the server beside those that the machine trusts, such as those of a trust space of its own; none unless set.
    /// </summary>
    public string? TrustedCertificates { get; set; }

    /// <param name="section">Of the settings, for the sentence.</param>
    protected string? ServerFault(string section)
    {
        if (Host.Length == 0)
        {
            return null;
        }

        if (!From.Contains('@', StringComparison.Ordinal) || !(Tls || IsThisMachine(Host)))
        {
            return $"{section}:From (an address) is needed with {section}:Host, and {section}:Tls unless the server is this machine.";
        }

        return TrustedCertificates is { } file && !File.Exists(file) ? $"{section}:TrustedCertificates names no file." : null;
    }

    protected static bool IsThisMachine(string host) => host is "localhost" or "127.0.0.1" or "::1";
}
