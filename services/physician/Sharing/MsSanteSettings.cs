using System.Text.RegularExpressions;
using SecondOpinion.ServiceDefaults.Mail;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Physician.Sharing;

/// <summary>Section <c>MsSante</c>: the operator's server of secure health mail, and who sends. Without a host no opinion is sent to anybody.</summary>
internal sealed partial class MsSanteSettings : MailServer, ISettings
{
    public static string Section => "MsSante";

    /// <summary>The operator's IMAP server, where receipts arrive; none: they are not read.</summary>
    public string ImapHost { get; set; } = "";

    public int ImapPort { get; set; } = 993;

    /// <summary>The directory's extraction of mailboxes (columns by <c>|</c>); without it the Annuaire santé of section <c>Register</c> is asked.</summary>
    public string? MailboxFile { get; set; }

    /// <summary>Who keeps the opinions (custodian), as its name is registered.</summary>
    public string Organization { get; set; } = "";

    /// <summary>Its national identifier: 1 and a FINESS number, 2 and a SIREN, 3 and a SIRET.</summary>
    public string OrganizationId { get; set; } = "";

    /// <summary>Its OID, which tells where a submission set comes from.</summary>
    public string SourceId { get; set; } = "";

    /// <summary>Reference of this product on convergence.esante.gouv.fr, sent with every mail as <c>X-MSS-NIL</c>.</summary>
    public string ProductReference { get; set; } = "";

    /// <summary>Sector of activity (TRE_R02) of the place where the opinion was given.</summary>
    public string SectorCode { get; set; } = "SA43";

    public string SectorName { get; set; } = "Secteur non défini";

    /// <summary>OID of the nomenclature of acts (NGAP) as the recipients' software knows it; without it no act is coded.</summary>
    public string ActCodeSystem { get; set; } = "";

    /// <summary>How often the tables are asked for what is due.</summary>
    public TimeSpan LookEvery { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the mailbox is asked for receipts.</summary>
    public TimeSpan ReceiptsEvery { get; set; } = TimeSpan.FromMinutes(2);

    public bool IsOn => Host.Length > 0;

    public string? Fault()
    {
        if (!IsOn)
        {
            return null;
        }

        if (ServerFault(Section) is { } fault)
        {
            return fault;
        }

        if (ImapHost.Length > 0 && !(Tls || IsThisMachine(ImapHost)))
        {
            return "MsSante:Tls is needed with MsSante:ImapHost unless the server is this machine.";
        }

        if (ImapHost.Length > 0 && User.Length == 0)
        {
            return "MsSante:User and MsSante:Password are needed with MsSante:ImapHost.";
        }

        if (ActCodeSystem.Length > 0 && !Oid().IsMatch(ActCodeSystem))
        {
            return "MsSante:ActCodeSystem must be an OID.";
        }

        if (Organization.Length == 0 || ProductReference.Length == 0 || !StructureId().IsMatch(OrganizationId) || !Oid().IsMatch(SourceId))
        {
            return "MsSante:Organization, MsSante:OrganizationId (1 and a FINESS, 2 and a SIREN or 3 and a SIRET number), MsSante:SourceId (an OID) and "
                + "MsSante:ProductReference are needed with MsSante:Host.";
        }

        return MailboxFile is { } file && !File.Exists(file) ? "MsSante:MailboxFile names no file." : null;
    }

    [GeneratedRegex("^(1[0-9A-Z]{9}|2[0-9]{9}|3[0-9]{14})$")]
    private static partial Regex StructureId();

    [GeneratedRegex(@"^[0-2](\.(0|[1-9][0-9]*))+$")]
    private static partial Regex Oid();
}
