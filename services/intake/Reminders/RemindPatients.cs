using Dapper;
using MimeKit;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Mail;

namespace SecondOpinion.Intake.Reminders;

/// <summary>
/// Reminds by mail whoever left a file unfinished or a physician's question unanswered, after 2, 5 and 10 days, and warns a week before an unfinished file
/// ends. After a standstill one mail goes, not three. A server that is away is asked again; an address that it refuses is not.
/// </summary>
internal sealed class RemindPatients(
    NpgsqlDataSource dataSource, Keyring keyring, MailSettings mail, CaseOptions options, TimeProvider time, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private static readonly int[] Days = [2, 5, 10];
    private static readonly string Agreed = CaseRows.Consent("processing");
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    /// <summary>What another instance has begun and not ended by then died with it.</summary>
    private static readonly TimeSpan GivenUp = TimeSpan.FromMinutes(5);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (mail.Host.Length == 0)
        {
            return Next.Never;
        }

        await Remind(cancel);
        return Next.After(Every);
    }

    internal async Task Remind(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var due = (await db.QueryAsync<Due>(
            $"""
            with resting as (
              select id as case_id, id as about, 'incomplete' as reason, touched_at as since, days as step
              from case_file, unnest(@Days) days
              where state in ('draft', 'incomplete') and touched_at <= @now - make_interval(days => days)
                and {Agreed} is distinct from false
              union all
              select id, id, 'expiry', touched_at, @Warning
              from case_file
              where state in ('draft', 'incomplete') and touched_at <= @now - make_interval(days => @Warning)
                and {Agreed} is distinct from false
              union all
              select q.case_id, q.id, 'question', q.requested_at, days
              from information_request q
              join case_file on case_file.id = q.case_id and state = 'awaiting_information', unnest(@Days) days
              where q.provided_at is null and q.lapsed_at is null and q.requested_at <= @now - make_interval(days => days)
                and {Agreed} is distinct from false
            ), latest as (
              select distinct on (about, reason) * from resting order by about, reason, step desc
            )
            select l.* from latest l
            where not exists (
                select from reminder r
                where r.about = l.about and r.reason = l.reason and r.since = l.since and r.step >= l.step
                  and (r.state <> 'sending' or r.at > @now - @GivenUp))
              -- Who is warned of the end is not reminded of the middle.
              and not (l.reason = 'incomplete' and exists (select from latest e where e.about = l.about and e.reason = 'expiry'))
              and l.about <> all(@PutOff)
            order by l.since
            limit 200
            """,
            new { Days, Warning = WarnedAfter, now, GivenUp, PutOff })).ToDictionary(d => d.About);
        if (due.Count == 0)
        {
            return;
        }

        // Before anything is claimed: a server that is away ends the pass, is told to the health check, and is asked again after a pause.
        using var session = await MailSession.Open(mail, cancel);
        await Each(due.Keys, about => One(session, due[about], cancel), cancel);
        await session.Close(cancel);
    }

    private int WarnedAfter => Math.Max(1, (int)options.DraftLife.TotalDays - ReminderTexts.WarningDays);

    private async Task One(MailSession session, Due due, CancellationToken cancel)
    {
        session.CheckOpen();
        var claimed = await dataSource.InTransaction(async db =>
        {
            var now = time.GetUtcNow();
            var id = await db.ExecuteScalarAsync<Guid?>(
                """
                insert into reminder (id, case_id, reason, about, since, step, state, at)
                values (@Id, @CaseId, @Reason, @About, @Since, @Step, 'sending', @now)
                on conflict (about, reason, since, step) do update set at = excluded.at
                where reminder.state = 'sending' and reminder.at <= @now - @GivenUp
                returning id
                """,
                new { Id = Guid.CreateVersion7(now), due.CaseId, due.Reason, due.About, due.Since, due.Step, now, GivenUp });
            return id is { } mine && await CaseRows.Any(db, due.CaseId) is { } file ? (Id: mine, Address: await AddressOf(db, file)) : default;
        }, cancel);
        if (claimed.Id == Guid.Empty)
        {
            return;
        }

        var state = MailboxAddress.TryParse(claimed.Address ?? "", out var address) ? await Send(session, claimed.Id, address, due, cancel) : "no_address";
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await db.ExecuteAsync("update reminder set state = @state, at = @Now where id = @Id", new { state, Now = time.GetUtcNow(), claimed.Id });
    }

    private async Task<string?> AddressOf(NpgsqlConnection db, CaseRow file)
    {
        using var key = await CaseKey.Of(db, keyring, file.Id);
        return key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).Patient.Email;
    }

    private async Task<string> Send(MailSession session, Guid id, MailboxAddress address, Due due, CancellationToken cancel)
    {
        var left = due.Reason.Value switch
        {
            ReminderReason.Question => (int)options.QuestionLife.TotalDays - due.Step,
            _ => ReminderTexts.WarningDays,
        };
        var (subject, body) = ReminderTexts.Of(due.Reason.Value, mail.Portal!, Math.Max(1, left));
        var from = MailboxAddress.Parse(mail.From);
        using var message = new MimeMessage([from], [address], subject, new TextPart("plain") { Text = body })
        {
            MessageId = $"{id:N}@{from.Domain}",
            Date = time.GetUtcNow(),
        };
        // No machine answers to it, and no holiday note.
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        message.Headers.Add(HeaderId.ContentLanguage, "fr");
        return await session.Send(message, cancel) == Posted.Taken ? "sent" : "refused";
    }

    /// <summary>A mail that is due.</summary>
    private sealed record Due
    {
        public required Guid CaseId { get; init; }

        public required Guid About { get; init; }

        public required Word<ReminderReason> Reason { get; init; }

        public required DateTimeOffset Since { get; init; }

        public required int Step { get; init; }
    }
}
