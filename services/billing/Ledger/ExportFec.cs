using System.Globalization;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Ledger;

/// <summary>
/// A year's file of accounting entries (FEC: fichier des écritures comptables, art. A47 A-1 LPF): 18 columns, tab-separated, one line an amount, entries in a
/// continuous sequence. An entry gets its number when the file is first made with it in, and keeps it.
/// </summary>
internal static class ExportFec
{
    public const string Header =
        "JournalCode\tJournalLib\tEcritureNum\tEcritureDate\tCompteNum\tCompteLib\tCompAuxNum\tCompAuxLib\tPieceRef\tPieceDate\tEcritureLib\tDebit\tCredit"
        + "\tEcritureLet\tDateLet\tValidDate\tMontantdevise\tIdevise";

    private const int FirstYear = 2000;
    private const long NumberingLock = 0x464543;

    /// <summary>A year's entries are many, and whoever reads them may be slow: longer than any other statement may take.</summary>
    private const string Patience = "set local statement_timeout = '30min'; set local lock_timeout = '30min'";
    private const int PatienceSeconds = 1800;

    public static void Map(RouteGroupBuilder api) => api.MapGet("/ledger/fec/{year:int}", Handle)
        .AllowRoles(Roles.Ops)
        .GivesFile("text/plain")
        .WithName("ExportFec")
        .WithSummary("A year's accounting entries in the French tax format (FEC)")
        .WithDescription(
            "18 tab-separated columns in UTF-8, amounts with a comma, days as yyyymmdd in Paris. Entries are numbered without a gap in the order of booking; "
            + "one that was in a file keeps its number in every later one.");

    /// <param name="year">The calendar year, e.g. 2026.</param>
    /// <returns>The file.</returns>
    private static async Task<Results<PushStreamHttpResult, Problem>> Handle(int year, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var now = time.GetUtcNow();
        if (year < FirstYear || year > FrenchTime.Day(now).Year)
        {
            return CommonProblems.Absent();
        }

        await Number(dataSource, year, now, http.RequestAborted);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Stream(async body =>
        {
            await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
            await using var transaction = await db.BeginTransactionAsync(http.RequestAborted);
            await db.ExecuteAsync(Patience);
            await using var writer = new StreamWriter(body);
            await writer.WriteAsync(Header + "\r\n");
            await foreach (var row in db.QueryUnbufferedAsync<Row>(
                """
                select n.number, n.numbered_at, t.journal, t.booked_at, t.business_key, a.kind, a.name, a.party_id, l.amount_cents
                from ledger_number n
                join ledger_transaction t on t.id = n.transaction_id
                join ledger_line l on l.transaction_id = t.id
                join ledger_account a on a.id = l.account_id
                where n.year = @year
                order by n.number, l.line
                """, new { year = (short)year }))
            {
                await writer.WriteAsync(Line(row) + "\r\n");
            }
        }, "text/plain; charset=utf-8", $"FEC{year}1231.txt");
    }

    /// <summary>Numbers what was booked since. One at a time: two files made together agree.</summary>
    internal static Task Number(NpgsqlDataSource dataSource, int year, DateTimeOffset now, CancellationToken cancel) => dataSource.InTransaction(async db =>
    {
        await db.ExecuteAsync(Patience);
        // Another file may be in the making, and is waited for.
        await db.ExecuteAsync("select pg_advisory_xact_lock(@NumberingLock)", new { NumberingLock }, commandTimeout: PatienceSeconds);
        // What has no number is found before the first one is given: read while they are written, each entry would wade through all numbers given so far. And
        // by a hash, whatever the statistics say of a table that was empty a moment ago.
        await db.ExecuteAsync(
            """
            set local enable_nestloop = off;
            insert into ledger_number (year, number, transaction_id, numbered_at)
            select @year, (select coalesce(max(number), 0) from ledger_number where year = @year) + e.place, e.id, @now
            from unnest((
              select array_agg(t.id order by t.booked_at, t.id)
              from ledger_transaction t
              where t.booked_at >= @From and t.booked_at < @Until and not exists (select from ledger_number n where n.transaction_id = t.id)
            )) with ordinality e (id, place)
            """,
            new { year = (short)year, now, From = FrenchTime.Midnight(new DateOnly(year, 1, 1)), Until = FrenchTime.Midnight(new DateOnly(year + 1, 1, 1)) },
            commandTimeout: PatienceSeconds);
    }, cancel);

    private static string Line(Row row)
    {
        var general = GeneralAccount.Of(row.Kind.Value);
        var journal = GeneralAccount.Of(row.Journal.Value);
        var day = Day(row.BookedAt);
        var (what, piece) = Piece(row.BusinessKey);
        string[] columns =
        [
            journal.Code, journal.Label, row.Number.ToString(CultureInfo.InvariantCulture), day, general.Number, general.Label,
            row.PartyId?.ToString("N") ?? "", row.PartyId is null ? "" : Plain(row.Name), piece, day, what,
            Amount(Math.Max(row.AmountCents, 0)), Amount(Math.Max(-row.AmountCents, 0)), "", "", Day(row.NumberedAt), "", "",
        ];
        return string.Join('\t', columns);
    }

    /// <summary>What an entry is about, in French, and the document behind it.</summary>
    private static (string What, string Reference) Piece(string businessKey)
    {
        var at = businessKey.IndexOf(':', StringComparison.Ordinal);
        return (businessKey[..Math.Max(at, 0)] switch
        {
            "opinion" => "Avis médical rendu",
            "fee-cancelled" => "Honoraire annulé",
            "invoice" => "Facture",
            "credit-note" => "Avoir",
            "transfer" => "Virement d'honoraires",
            "transfer-rejected" => "Virement d'honoraires rejeté",
            "bank" => "Mouvement bancaire",
            "assigned" => "Encaissement identifié",
            "fund" => "Dotation du fonds de solidarité",
            "card" => "Paiement en ligne",
            "refund" => "Remboursement",
            "refund-rejected" => "Remboursement rejeté",
            _ => "Opération diverse",
        }, Plain(businessKey[(at + 1)..]));
    }

    private static string Day(DateTimeOffset moment) => FrenchTime.Day(moment).ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static string Amount(long cents) => string.Create(CultureInfo.InvariantCulture, $"{cents / 100},{cents % 100:00}");

    /// <summary>No sign that would end a column or a line.</summary>
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    private sealed record Row(
        long Number, DateTimeOffset NumberedAt, Word<Journal> Journal, DateTimeOffset BookedAt, string BusinessKey, Word<AccountKind> Kind, string Name,
        Guid? PartyId, long AmountCents);
}
