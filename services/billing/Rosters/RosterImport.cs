using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Rosters;

/// <summary>What an upload is to the roster in force.</summary>
internal enum RosterKind
{
    /// <summary>It replaces the roster.</summary>
    Whole,

    /// <summary>It adds, replaces and removes single people.</summary>
    Delta,
}

/// <summary>Where an upload stands.</summary>
internal enum RosterState
{
    Receiving,
    Queued,
    Running,

    /// <summary>Far fewer people than the roster in force: our staff looks first.</summary>
    AwaitingApproval,
    Imported,

    /// <summary>The file's fault.</summary>
    Refused,

    /// <summary>Ours; it can be tried again.</summary>
    Failed,
}

/// <summary>What a running import does.</summary>
internal enum ImportPhase
{
    Reading,
    Indexing,
    Switching,
}

/// <summary>An upload and what became of it, as stored.</summary>
internal sealed record RosterImport(
    Guid Id, Guid InsurerId, Word<RosterKind> Kind, Word<RosterState> State, string RequestedBy, long SizeBytes, long ReceivedBytes,
    Word<ImportPhase>? Phase, long BytesRead, long LinesRead,
    long Accepted, long Rejected, int Attempts, string? RefusalCode, int? RosterVersion, DateTimeOffset CreatedAt, DateTimeOffset? QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt, DateTimeOffset UpdatedAt, long? MembersBefore, long? MembersAfter, bool? Approved, long BlankLines,
    string? Sha256)
{
    private const string Select =
        """
        select id, insurer_id, kind, state, requested_by, size_bytes, received_bytes, nullif(phase, '') as phase, bytes_read, lines_read, accepted, rejected,
        attempts,
          refusal_code, roster_version, created_at, queued_at, started_at, finished_at, updated_at, members_before, members_after, approved, blank_lines,
          sha256
        from roster_import
        """;

    public bool IsDelta => Kind == RosterKind.Delta;

    public bool IsOver => State.Value is RosterState.Imported or RosterState.Refused or RosterState.Failed;

    /// <summary>Nothing changes until somebody decides.</summary>
    public bool IsHeld => State == RosterState.AwaitingApproval;

    public static Task<RosterImport?> Find(NpgsqlConnection db, Guid id) => db.QuerySingleOrDefaultAsync<RosterImport>($"{Select} where id = @id", new { id });

    /// <summary>Those to work on, first come first served. A running one is among them: whether somebody works on it, its insurer's lock tells.</summary>
    public static async Task<List<RosterImport>> Waiting(NpgsqlConnection db) =>
        (await db.QueryAsync<RosterImport>($"{Select} where state in ('queued', 'running') order by queued_at limit 100")).AsList();
}
