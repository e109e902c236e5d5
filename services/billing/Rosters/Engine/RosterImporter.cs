using System.IO.Compression;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// Turns an uploaded file into the next version of an insurer's roster: read in blocks, checked and hashed by several threads, streamed into a table that
/// nobody reads, indexed, and switched to by one row. Whatever goes wrong before the switch, the former version goes on serving.
/// </summary>
internal sealed partial class RosterImporter(
    RosterSpool spool, RosterSwitch rosterSwitch, DropOldRosters old, ImportConnections connections, InsurerDirectory insurers,
    IdentityKeys keys, RosterOptions options,
    TimeProvider time, ILogger<RosterImporter> logger)
{
    /// <summary>Shortest line seen in practice; only sizes a bitmap.</summary>
    private const int BytesPerLine = 32;

    /// <summary>Runs one import; the caller holds the insurer's lock.</summary>
    /// <exception cref="RosterRefusedException">The file is at fault.</exception>
    public async Task Run(RosterImport import, CancellationToken cancel)
    {
        await insurers.Refresh();
        var insurer = insurers.ById(import.InsurerId) ?? throw new InvalidOperationException($"Insurer {import.InsurerId} is not in the directory.");
        if (import.IsDelta && insurer.Roster is null)
        {
            throw new RosterRefusedException(RosterRefusals.NothingToChange);
        }

        await using var db = await connections.Imports.OpenConnectionAsync(cancel);
        await using var progress = new ImportProgress(import.Id, connections.Imports, options, time);
        await progress.Begin();
        await DropLeftOver(db, insurer.Id);
        var table = await RosterTable.Create(db);
        await db.ExecuteAsync("update roster_import set table_name = @table where id = @Id", new { table, import.Id });

        var run = new ImportRun(import, insurer, table, import.IsDelta ? insurer.Roster!.KeyId : keys.CurrentId, progress);
        try
        {
            await Load(db, run, cancel);
            progress.Phase(ImportPhase.Indexing);
            await Index(db, run, cancel);
            await progress.Flush();
            if (run.Members.Values.Sum() == 0)
            {
                throw new RosterRefusedException(RosterRefusals.Empty);
            }

            await HoldWhenMuchSmaller(db, run);
            progress.Phase(ImportPhase.Switching);
            await rosterSwitch.To(run, cancel);
        }
        catch (Exception exception)
        {
            // Only what no version names is taken back: after a commit whose answer was lost, the table is the roster.
            if (await TakenBack(table, import.Id))
            {
                throw;
            }

            Log.CommittedAllTheSame(logger, import.Id, exception.GetType().Name);
        }

        await old.AfterSwitch(insurer.Id);
    }

    /// <summary>
    /// A roster that loses more of its members than usual is put before somebody first: a wrong file is more likely than so many leaving at once.
    /// </summary>
    private async Task HoldWhenMuchSmaller(NpgsqlConnection db, ImportRun run)
    {
        var before = run.Insurer.Roster is { } roster
            ? await db.ExecuteScalarAsync<long>(
                "select members from roster_version where insurer_id = @Id and version = @Version", new { run.Insurer.Id, roster.Version })
            : 0;
        var after = run.Members.Values.Sum();
        var approved = run.Import.Approved == true && run.Import.MembersBefore == before && run.Import.MembersAfter == after;
        if (after < before * (1 - options.MaxDropShare) && !approved)
        {
            throw new RosterHeldException(before, after);
        }
    }

    /// <returns>False when the table has become a version.</returns>
    private async Task<bool> TakenBack(string table, Guid importId)
    {
        try
        {
            await using var db = await connections.Imports.OpenConnectionAsync();
            return await RosterTable.TryDrop(db, table);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            // It stays behind, named by its import: the insurer's next import drops it.
            Log.LeftBehind(logger, importId, exception.GetType().Name);
            return true;
        }
    }

    private async Task Load(NpgsqlConnection db, ImportRun run, CancellationToken cancel)
    {
        await using var stored = spool.Open(run.Import.Id);
        await using var counted = new CountingStream(stored);
        await using var unzipped = new ProducedLimit(await Unzipped(counted, cancel), counted, options);
        var (read, text) = await RosterText.Open(unzipped, cancel);
        var (format, begun, headerLine) = Header(read, run.Import.IsDelta);
        var newParser = await Parsers(db, run, format);
        var target = run.Import.IsDelta ? "delta" : run.Table;
        var repeats = run.Import.IsDelta ? null : new RepeatFinder(run.Import.SizeBytes / BytesPerLine);
        if (run.Import.IsDelta)
        {
            await RosterTable.CreateDelta(db);
        }

        await RosterTable.Copy(db, target, copy => RosterReader.Read(text, begun, options.ParseThreads, newParser, run.Import.IsDelta, async block =>
        {
            await copy.WriteAsync(block.Rows, cancel);
            run.Take(block, repeats);
            await run.Progress.Report(counted.Count, block);
            RefuseWhatCannotEndWell(run, repeats);
        }, headerLine + 1, cancel), cancel);
        await run.Progress.Flush();
        run.Suspects = repeats?.Suspects ?? [];
        RefuseWhenTooManyRejects(run);
    }

    private async Task Index(NpgsqlConnection db, ImportRun run, CancellationToken cancel)
    {
        if (run.Import.IsDelta)
        {
            await run.Progress.Reject(await RosterTable.RejectFromDelta(
                db, run.Insurer.Roster!.Table, (long)(options.MaxRejectShare * run.Progress.LinesRead)));
            RefuseWhenTooManyRejects(run);
            await RosterTable.ApplyDelta(db, run.Insurer.Roster!.Table, run.Table);
            await db.ExecuteAsync("drop table delta");
        }

        if (!await RosterTable.TryIndex(db, run.Table))
        {
            var repeated = await RosterTable.RemoveRepeated(db, run.Table, run.Suspects);
            foreach (var (_, contract) in repeated)
            {
                run.Members[contract]--;
            }

            await run.Progress.Reject(repeated.ConvertAll(r => new RosterReject(r.Line, RosterFormat.WholeLine, RejectCodes.Duplicate)));
            RefuseWhenTooManyRejects(run);
            if (!await RosterTable.TryIndex(db, run.Table))
            {
                throw new InvalidOperationException("The roster still repeats a person after its repeated lines were removed.");
            }
        }

        if (run.Import.IsDelta)
        {
            run.Members = await RosterTable.CountByContract(db, run.Table);
        }

        cancel.ThrowIfCancellationRequested();
    }

    /// <summary>What the parsing threads need; after a change of hashing key also those whose uses must be carried over.</summary>
    private async Task<Func<RosterLineParser>> Parsers(NpgsqlConnection db, ImportRun run, RosterFormat format)
    {
        var today = Typed.FromDate(FrenchTime.Day(time.GetUtcNow()));
        var before = run.Insurer.Roster?.KeyId;
        if (before is null || before == run.KeyId || !keys.Knows(before))
        {
            return () => new RosterLineParser(format, run.Insurer, keys.NewBatch(run.KeyId), null, today);
        }

        var families = (await db.QueryAsync<long>(
            "select hash from use_subject where insurer_id = @Id and kind = 'family' and key_id = @before", new { run.Insurer.Id, before })).ToHashSet();
        return () => new RosterLineParser(
            format, run.Insurer, keys.NewBatch(run.KeyId), new RotatedUses(keys.NewHasher(before), keys.NewHasher(run.KeyId), families, run.Rehashed), today);
    }

    /// <summary>
    /// Judged while streaming, so that no list grows with a file that is refused in the end: more rejects than the longest possible file could bear, or so many
    /// people met again (by chance it is one in a hundred, at most three) that the file holds itself twice.
    /// </summary>
    private void RefuseWhatCannotEndWell(ImportRun run, RepeatFinder? repeats)
    {
        if (run.Progress.Rejected > Math.Max(options.MaxRejectsKept, options.MaxRejectShare * options.MaxProducedBytes / BytesPerLine))
        {
            throw new RosterRefusedException(RosterRefusals.TooManyRejects);
        }

        if (repeats is not null && repeats.Suspects.Count > options.MaxRejectsKept + (options.MaxRejectShare + 0.04) * run.Progress.LinesRead)
        {
            throw new RosterRefusedException(RosterRefusals.Repeated);
        }
    }

    private void RefuseWhenTooManyRejects(ImportRun run)
    {
        if (run.Progress.Rejected > options.MaxRejectShare * run.Progress.LinesRead)
        {
            throw new RosterRefusedException(RosterRefusals.TooManyRejects);
        }
    }

    /// <summary>A killed import leaves its table behind; under the insurer's lock whatever belongs to no version is such a leftover.</summary>
    private static async Task DropLeftOver(NpgsqlConnection db, Guid insurerId)
    {
        var left = await db.QueryAsync<string>(
            """
            select table_name from roster_import i
            where insurer_id = @insurerId and table_name is not null
              and not exists (select from roster_version v where v.table_name = i.table_name)
            """, new { insurerId });
        foreach (var table in left)
        {
            await RosterTable.TryDrop(db, table);
            await db.ExecuteAsync("update roster_import set table_name = null where table_name = @table", new { table });
        }
    }

    /// <summary>The first line that holds anything names the columns; <c>sep=;</c>, which Excel understands, is passed over.</summary>
    private static (RosterFormat Format, ReadOnlyMemory<byte> Begun, int Line) Header(ReadOnlyMemory<byte> begun, bool delta)
    {
        var rest = begun;
        for (var line = 1; ; line++)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            if (end < 0)
            {
                throw new RosterRefusedException(RosterRefusals.Header);
            }

            var text = rest.Span[..end].TrimEnd((byte)'\r');
            if (!RosterFormat.IsBlank(text) && !text.StartsWith("sep="u8))
            {
                return RosterFormat.Read(text, delta) is { } format
                    ? (format, rest[(end + 1)..], line)
                    : throw new RosterRefusedException(RosterRefusals.Header);
            }

            rest = rest[(end + 1)..];
        }
    }

    private static async Task<Stream> Unzipped(CountingStream stream, CancellationToken cancel)
    {
        var magic = new byte[2];
        var length = await stream.ReadAtLeastAsync(magic, 2, throwOnEndOfStream: false, cancel);
        stream.PutBack(magic.AsMemory(0, length));
        return magic is [0x1F, 0x8B] ? new GZipStream(stream, CompressionMode.Decompress) : stream;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Roster import {Import}: the switch had committed although its answer was lost ({Error})")]
        public static partial void CommittedAllTheSame(ILogger logger, Guid import, string error);

        [LoggerMessage(LogLevel.Warning, "Roster import {Import}: its table stays until the insurer's next import ({Error})")]
        public static partial void LeftBehind(ILogger logger, Guid import, string error);
    }
}

/// <summary>One run of an import, on its way to a version.</summary>
internal sealed class ImportRun(RosterImport import, Insurer insurer, string table, string keyId, ImportProgress progress)
{
    public RosterImport Import => import;

    public Insurer Insurer => insurer;

    public string Table => table;

    public string KeyId => keyId;

    public ImportProgress Progress => progress;

    public Dictionary<short, long> Members { get; set; } = [];

    public IReadOnlyList<(long Person, long Line)> Suspects { get; set; } = [];

    public System.Collections.Concurrent.ConcurrentBag<RotatedUses.Rehashed> Rehashed { get; } = [];

    public void Take(RosterBlock block, RepeatFinder? repeats)
    {
        for (var i = 0; repeats is not null && i < block.Count; i++)
        {
            var (person, line) = block.Row(i);
            repeats.Add(person, line);
        }

        foreach (var (contract, members) in block.MembersByContract)
        {
            Members[contract] = Members.GetValueOrDefault(contract) + members;
        }
    }
}
