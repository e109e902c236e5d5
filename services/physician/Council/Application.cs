using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Physician.Council;

/// <summary>What the council is asked.</summary>
internal enum ApplicationKind
{
    /// <summary>To admit a référent.</summary>
    Admission,

    /// <summary>To keep one whose admission ends.</summary>
    Review,
}

/// <summary>Where it stands.</summary>
internal enum ApplicationState
{
    Open,
    Admitted,
    Refused,
}

/// <summary>A file before the scientific council. Whoever changes it, or adds to it, holds its row.</summary>
internal sealed record Application
{
    public required Guid ApplicationId { get; init; }

    public required Word<ApplicationKind> Kind { get; init; }

    public required Word<ApplicationState> State { get; init; }

    public required Guid PhysicianId { get; init; }

    public required string Rpps { get; init; }

    /// <summary>The file as JSON.</summary>
    public required string File { get; init; }

    public DateTimeOffset? RegisterCheckedAt { get; init; }

    public required DateTimeOffset OpenedAt { get; init; }

    public DateTimeOffset? DecidedAt { get; init; }

    public OpenApplication.PhysicianApplicationRequest Request =>
        JsonSerializer.Deserialize<OpenApplication.PhysicianApplicationRequest>(File, JsonSerializerOptions.Web)!;

    /// <summary>Of a select: the row, whole.</summary>
    public const string Columns = "application_id, kind, state, physician_id, rpps, file::text as file, register_checked_at, opened_at, decided_at";

    public static Application Of(
        ApplicationKind kind, OpenApplication.PhysicianApplicationRequest request, Guid physicianId, string rpps, DateTimeOffset? checkedAt,
        DateTimeOffset now) => new()
        {
            ApplicationId = Guid.CreateVersion7(now),
            Kind = kind,
            State = ApplicationState.Open,
            PhysicianId = physicianId,
            Rpps = rpps,
            File = JsonSerializer.Serialize(request, JsonSerializerOptions.Web),
            RegisterCheckedAt = checkedAt,
            OpenedAt = now,
        };

    /// <summary>False when a file of the same physician is open already.</summary>
    public async Task<bool> Insert(NpgsqlConnection db) => await db.ExecuteAsync(
        """
        insert into application (application_id, kind, state, physician_id, rpps, file, register_checked_at, opened_at)
        values (@ApplicationId, @Kind, @State, @PhysicianId, @Rpps, @File::jsonb, @RegisterCheckedAt, @OpenedAt)
        on conflict do nothing
        """,
        this) > 0;

    public static Task<Application?> Find(NpgsqlConnection db, Guid applicationId) => db.QuerySingleOrDefaultAsync<Application>(
        $"select {Columns} from application where application_id = @applicationId", new { applicationId });

    public static Task<Application?> Lock(NpgsqlConnection db, Guid applicationId) => db.QuerySingleOrDefaultAsync<Application>(
        $"select {Columns} from application where application_id = @applicationId for update", new { applicationId });

    /// <summary>Whoever declared a conflict has no part in it, whatever was given before.</summary>
    public Task<Ballot> Ballot(NpgsqlConnection db) => db.QuerySingleAsync<Ballot>(
        """
        select
          (select count(*)::int from application_review r where r.application_id = @ApplicationId
            and not exists (select from application_conflict c where c.application_id = r.application_id and c.member = r.member)) as reviews,
          count(*) filter (where v.vote = 'for')::int as "for",
          count(*) filter (where v.vote = 'against')::int as against,
          count(*) filter (where v.vote = 'abstention')::int as abstentions
        from application_vote v
        where v.application_id = @ApplicationId
          and not exists (select from application_conflict c where c.application_id = v.application_id and c.member = v.member)
        """,
        new { ApplicationId });
}

/// <summary>What has been given of an application, by members without a conflict.</summary>
internal sealed record Ballot(int Reviews, int For, int Against, int Abstentions)
{
    public int Cast => For + Against + Abstentions;

    /// <summary>More for than against; who abstains is there and decides nothing, and a tie admits nobody.</summary>
    public bool IsFor => For > Against;
}
