using System.Security.Claims;
using MimeKit;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Physician.Admission;
using SecondOpinion.Physician.Sharing.Document;
using SecondOpinion.Physician.Sharing.Mailboxes;
using SecondOpinion.Physician.Writing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Mail;

namespace SecondOpinion.Physician.Sharing;

/// <summary>
/// Sends signed opinions to treating physicians by MSSanté: once for each version, only with the patient's live consent for that very recipient, which intake
/// is asked for at the last moment. A server that is away is asked again after pauses that grow; nothing of patient or recipient is kept between two attempts.
/// </summary>
internal sealed partial class SendOpinions(
    NpgsqlDataSource dataSource, Keyring keyring, MsSanteSettings settings, Recipients recipients, IMailboxDirectory mailboxes, Letter letter,
    TimeProvider time, BackgroundJobs jobs, ILogger<SendOpinions> logger) : BackgroundJob(jobs)
{
    /// <summary>Nobody asked for it by a request: the service itself sends.</summary>
    private static readonly ClaimsPrincipal Self = new(new ClaimsIdentity([new Claim("role", Roles.Service), new Claim("sub", "physician")]));

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (!settings.IsOn)
        {
            return Next.Never;
        }

        await Send(cancel);
        return Next.After(settings.LookEvery);
    }

    internal async Task Send(CancellationToken cancel)
    {
        IReadOnlyList<Guid> due;
        await using (var db = await dataSource.OpenConnectionAsync(cancel))
        {
            await Share.Begin(db, time.GetUtcNow());
            due = await Share.Due(db, time.GetUtcNow());
        }

        if (due.Count == 0)
        {
            return;
        }

        using var session = await Connect(due, cancel);
        await Each(due, id => One(session, id, cancel), cancel);
        await session.Close(cancel);
    }

    /// <summary>Before anything is claimed and before intake is asked for a name: a server that is away puts all of them back.</summary>
    private async Task<MailSession> Connect(IReadOnlyList<Guid> due, CancellationToken cancel)
    {
        try
        {
            return await MailSession.Open(settings, cancel);
        }
        catch (MailNotSentException)
        {
            await using var db = await dataSource.OpenConnectionAsync(cancel);
            await Share.PutBack(db, due, time.GetUtcNow());
            throw;
        }
    }

    private async Task One(MailSession session, Guid id, CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        if (await Share.Claim(db, id, time.GetUtcNow()) is not { } share)
        {
            return;
        }

        try
        {
            if (await Deliver(db, session, share, cancel) is { } reason)
            {
                await share.Stop(db, reason, time.GetUtcNow());
                Log.NotSent(logger, share.ShareId, reason);
                return;
            }

            await share.Sent(db, time.GetUtcNow());
            Log.Sent(logger, share.ShareId, share.Attempts);
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            // The job logs and counts it; here only the time of the next attempt is set.
            await share.PutBack(db, time.GetUtcNow());
            throw;
        }
    }

    /// <returns>Why it does not leave; null when the server took it.</returns>
    private async Task<ShareReason?> Deliver(NpgsqlConnection db, MailSession session, Share share, CancellationToken cancel)
    {
        var (found, refusal) = await recipients.Find(share.CaseId, cancel);
        if (refusal is not null)
        {
            return refusal;
        }

        if (await mailboxes.Find(Rpps.Parse(found.Rpps), cancel) is not { } mailbox)
        {
            return ShareReason.NoMailbox;
        }

        using var message = await Write(db, share, found, mailbox);
        // Consent may have been taken back while the directory was asked.
        if (await recipients.Confirm(share.CaseId, found.Rpps, cancel) is { } changed)
        {
            return changed;
        }

        // On record before it leaves; intake has recorded whom it named, to the person whose opinion it is.
        await AuditTrail.Record(db, Self, "share", "opinion", share.OpinionId, "sharing_with_treating_physician");
        return await session.Send(message, cancel) == Posted.Taken ? null : ShareReason.AddressRefused;
    }

    private async Task<MimeMessage> Write(NpgsqlConnection db, Share share, Contracts.Intake.V1.FindRecipientReply found, Mailbox mailbox)
    {
        var signed = await SignedOpinion.Find(db, share.CaseId, share.Version)
            ?? throw new InvalidOperationException("A share names a version that was never signed.");
        var physician = await PhysicianRow.Find(db, signed.PhysicianId) ?? throw new InvalidOperationException("Whoever signed is in no list.");
        var author = new Signatory(
            physician.Rpps, PersonName.Of(physician.DisplayName), physician.SpecialtyCode, SpecialtyNames.Of(physician.SpecialtyCode));
        var opinion = new OpinionDocument(
            share.OpinionId, share.Version, await Share.LastSent(db, share), signed.SignedAt, author, found.Patient, mailbox, found.Rpps,
            found.LegalRegime == "teleexpertise", await signed.ReadPdf(db, keyring));
        return letter.Of(opinion, share.ShareId, time.GetUtcNow());
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Opinion sent to the treating physician: share {Share}, attempt {Attempt}")]
        public static partial void Sent(ILogger logger, Guid share, int attempt);

        [LoggerMessage(LogLevel.Information, "Opinion not sent to the treating physician: share {Share}, {Reason}")]
        public static partial void NotSent(ILogger logger, Guid share, ShareReason reason);
    }
}
