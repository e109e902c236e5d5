using Dapper;
using Npgsql;

namespace SecondOpinion.Billing.Rosters;

/// <summary>An upload and what became of it, as stored.</summary>
internal sealed record RosterImport(
    Guid Id, Guid InsurerId, string Kind, string State, string RequestedBy, long SizeBytes, long ReceivedBytes, string Phase, long BytesRead, long LinesRead,
    long Accepted, long Rejected, int Attempts, string? RefusalCode, int? RosterVersion, DateTimeOffset CreatedAt, DateTimeOffset? QueuedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt, DateTimeOffset UpdatedAt, long? MembersBefore, long? MembersAfter, bool? Approved, long BlankLines)
{
    private const string Select =
        """
        select id, insurer_id, kind, state, requested_by, size_bytes, received_bytes, phase, bytes_read, lines_read, accepted, rejected, attempts,
          refusal_code, roster_version, created_at, queued_at, started_at, finished_at, updated_at, members_before, members_after, approved, blank_lines
        from roster_import
        """;

    public bool IsDelta => Kind == "delta";

    public bool IsOver => State is "imported" or "refused" or "failed";

    /// <summary>Nothing changes until somebody decides.</summary>
    public bool IsHeld => State == "awaiting_approval";

    public static Task<RosterImport?> Find(NpgsqlConnection db, Guid id) => db.QuerySingleOrDefaultAsync<RosterImport>($"{Select} where id = @id", new { id });

    /// <summary>Those to work on, first come first served. A running one is among them: whether somebody works on it, its insurer's lock tells.</summary>
    public static async Task<List<RosterImport>> Waiting(NpgsqlConnection db) =>
        (await db.QueryAsync<RosterImport>($"{Select} where state in ('queued', 'running') order by queued_at limit 100")).AsList();
}
