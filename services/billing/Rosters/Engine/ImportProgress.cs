using System.Diagnostics;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>Writes how far an import has come, a few times a second and on a connection of its own, together with the lines it did not take.</summary>
internal sealed class ImportProgress(Guid importId, NpgsqlDataSource dataSource, RosterOptions options, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private const int RejectsAtOnce = 1000;
    private readonly List<RosterReject> _unwritten = [];
    private readonly NpgsqlConnection _db = dataSource.CreateConnection();
    private long _written = Stopwatch.GetTimestamp();
    private long _bytesRead;
    private long _kept;
    private Word<ImportPhase> _phase = ImportPhase.Reading;

    public long LinesRead { get; private set; }

    public long Accepted { get; private set; }

    public long BlankLines { get; private set; }

    public long Rejected { get; private set; }

    public async Task Begin()
    {
        await _db.OpenAsync();
        await _db.ExecuteAsync("delete from roster_reject where import_id = @importId", new { importId });
        await Flush();
    }

    public Task Report(long bytesRead, RosterBlock block)
    {
        _bytesRead = bytesRead;
        LinesRead += block.LinesRead;
        Accepted += block.Count;
        Rejected += block.Rejects.Count;
        BlankLines += block.BlankLines;
        _unwritten.AddRange(block.Rejects.Take((int)Math.Max(0, options.MaxRejectsKept - _kept - _unwritten.Count)));
        return _unwritten.Count >= RejectsAtOnce || Stopwatch.GetElapsedTime(_written) > Interval ? Flush() : Task.CompletedTask;
    }

    /// <summary>Lines that had been accepted and turned out not to fit.</summary>
    public Task Reject(IReadOnlyCollection<RosterReject> rejects)
    {
        Accepted -= rejects.Count;
        Rejected += rejects.Count;
        _unwritten.AddRange(rejects.Take((int)Math.Max(0, options.MaxRejectsKept - _kept - _unwritten.Count)));
        return Flush();
    }

    public void Phase(ImportPhase phase) => _phase = phase;

    public async Task Flush()
    {
        _written = Stopwatch.GetTimestamp();
        if (_unwritten.Count > 0)
        {
            await _db.ExecuteAsync(
                """
                insert into roster_reject (import_id, line, field, code)
                select @importId, * from unnest(@Lines, @Fields, @Codes)
                on conflict do nothing
                """,
                new
                {
                    importId,
                    Lines = _unwritten.Select(r => r.Line).ToArray(),
                    Fields = _unwritten.Select(r => r.Field).ToArray(),
                    Codes = _unwritten.Select(r => r.Code).ToArray(),
                });
            _kept += _unwritten.Count;
            _unwritten.Clear();
        }

        await _db.ExecuteAsync(
            """
            update roster_import
            set phase = @_phase, bytes_read = @_bytesRead, lines_read = @LinesRead, accepted = @Accepted, rejected = @Rejected, blank_lines = @BlankLines,
                updated_at = @Now
            where id = @importId
            """,
            new { importId, _phase, _bytesRead, LinesRead, Accepted, Rejected, BlankLines, Now = time.GetUtcNow() });
    }

    public ValueTask DisposeAsync() => _db.DisposeAsync();
}
