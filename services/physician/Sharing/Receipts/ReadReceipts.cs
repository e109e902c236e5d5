using Dapper;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using MimeKit;
using Npgsql;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Mail;

namespace SecondOpinion.Physician.Sharing.Receipts;

/// <summary>
/// Reads the operator's mailbox: what machines answered about a mail of ours is kept as a code and removed, since it brings the whole letter back; everything
/// else is flagged and left for a person.
/// </summary>
internal sealed partial class ReadReceipts(
    NpgsqlDataSource dataSource, MsSanteSettings settings, Letter letter, TimeProvider time, BackgroundJobs jobs, ILogger<ReadReceipts> logger)
    : BackgroundJob(jobs)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (!settings.IsOn || settings.ImapHost.Length == 0)
        {
            return Next.Never;
        }

        await Read(cancel);
        return Next.After(settings.ReceiptsEvery);
    }

    internal async Task Read(CancellationToken cancel)
    {
        using var client = new ImapClient { Timeout = (int)Patience.TotalMilliseconds };
        if (MailTrust.Of(settings) is { } trust)
        {
            client.ServerCertificateValidationCallback = trust;
        }

        try
        {
            await client.ConnectAsync(settings.ImapHost, settings.ImapPort, MailSession.Encryption(settings.Tls, settings.ImapPort, wrapped: 993), cancel);
            await client.AuthenticateAsync(settings.User, settings.Password, cancel);
            var inbox = client.Inbox ?? throw new InvalidOperationException("The mailbox has no inbox.");
            await inbox.OpenAsync(FolderAccess.ReadWrite, cancel);
            foreach (var id in await inbox.SearchAsync(SearchQuery.NotFlagged.And(SearchQuery.NotDeleted), cancel))
            {
                var flag = await IsReceipt(inbox, id, cancel) ? MessageFlags.Deleted : MessageFlags.Flagged;
                await inbox.AddFlagsAsync(id, flag, silent: true, cancel);
            }

            await inbox.ExpungeAsync(cancel);
            await client.DisconnectAsync(quit: true, cancel);
        }
        catch (Exception exception) when (MailSession.IsMailFault(exception))
        {
            // What the server answers may repeat an address, so it goes no further.
            throw new ReceiptsNotReadException(exception.GetType().Name);
        }
    }

    /// <summary>A mail that cannot be read must not keep the others from being read: it is left for a person, too.</summary>
    private async Task<bool> IsReceipt(IMailFolder inbox, UniqueId id, CancellationToken cancel)
    {
        try
        {
            using var mail = await inbox.GetMessageAsync(id, cancel);
            return await Keep(mail, cancel);
        }
        catch (FormatException)
        {
            Log.Unreadable(logger, id.Id);
            return false;
        }
    }

    /// <returns>False when it is no answer to a mail of ours.</returns>
    private async Task<bool> Keep(MimeMessage mail, CancellationToken cancel)
    {
        if (Receipt.Read(mail) is not { } receipt || letter.ShareOf(receipt.MessageId) is not { } share)
        {
            return false;
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var known = await db.ExecuteScalarAsync<bool>(
            """
            with kept as (
              insert into share_receipt (share_id, kind, code, received_at)
              select share_id, @Kind, @Code, @Now from opinion_share where share_id = @share
              on conflict do nothing
            )
            select exists (select from opinion_share where share_id = @share)
            """,
            new { share, Kind = (Word<ReceiptKind>)receipt.Kind, receipt.Code, Now = time.GetUtcNow() });
        if (known)
        {
            Log.Received(logger, share, receipt.Kind, receipt.Code);
        }

        return known;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Receipt for share {Share}: {Kind} {Code}")]
        public static partial void Received(ILogger logger, Guid share, ReceiptKind kind, int code);

        [LoggerMessage(LogLevel.Warning, "Mail {Uid} of the mailbox of receipts cannot be read; it is flagged for a person")]
        public static partial void Unreadable(ILogger logger, uint uid);
    }
}

/// <summary>The operator's mailbox is away or did not answer as expected.</summary>
internal sealed class ReceiptsNotReadException(string kind) : Exception($"The mailbox of receipts could not be read ({kind}); it is tried again.");
