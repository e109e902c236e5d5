using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Admission;

/// <summary>A physician whom the scientific council admitted, with what matching needs to choose.</summary>
internal sealed record PhysicianRow
{
    public required Guid PhysicianId { get; init; }

    public required string Rpps { get; init; }

    public required string DisplayName { get; init; }

    public required string SpecialtyCode { get; init; }

    public required string[] PathologyCodes { get; init; }

    /// <summary>Of the pathologies, those in which the physician is a reference of the field.</summary>
    public string[] ReferencePathologies { get; init; } = [];

    /// <summary>Of the pathologies, those seen only now and then.</summary>
    public string[] OccasionalPathologies { get; init; } = [];

    public required string[] Establishments { get; init; }

    /// <summary>Pseudonyms of physicians with whom a tie is declared.</summary>
    public Guid[] TiedPhysicians { get; init; } = [];

    /// <summary>FINESS numbers of establishments with which a tie is declared, beyond the places of practice.</summary>
    public string[] TiedEstablishments { get; init; } = [];

    /// <summary>ISO 639-1.</summary>
    public string[] Languages { get; init; } = [SpokenLanguage.French];

    /// <summary><c>adults</c>, <c>children</c> or <c>all</c>.</summary>
    public string Patients { get; init; } = Practice.AllAges;

    public required int Capacity { get; init; }

    /// <summary>New cases in seven days, at most; null when only the open ones count.</summary>
    public int? WeeklyCapacity { get; init; }

    /// <summary>ISO 8601 intervals of days.</summary>
    public string[] Leaves { get; init; } = [];

    public DateTimeOffset? AwayUntil { get; init; }

    public required DateTimeOffset AdmittedAt { get; init; }

    /// <summary>Suspended by the scientific council since then.</summary>
    public DateTimeOffset? SuspendedAt { get; init; }

    /// <summary>When the national register confirmed number, name and specialty; null when the council looked by hand.</summary>
    public DateTimeOffset? RegisterCheckedAt { get; init; }

    public int Version { get; init; } = 1;

    /// <summary>Until when the admission holds: the scientific council looks again.</summary>
    public required DateTimeOffset ReviewDueAt { get; init; }

    /// <summary>Cases that a physician may have open at one time, at most.</summary>
    internal const int MaxCapacity = 1000;

    /// <summary>Of a select: the row, whole.</summary>
    public const string Columns =
        """
        physician_id, rpps, display_name, specialty_code, pathology_codes, reference_pathologies, occasional_pathologies, establishments, tied_physicians,
        tied_establishments, languages, patients, capacity, weekly_capacity, leaves, away_until, admitted_at, suspended_at, register_checked_at, review_due_at,
        version
        """;

    /// <summary>Inserts the physician and tells so; false when the physician is known already, and then nothing is told.</summary>
    public static async Task<bool> Admit(NpgsqlConnection db, PhysicianRow referent)
    {
        var added = await db.ExecuteAsync(
            """
            insert into physician (
              physician_id, rpps, display_name, specialty_code, pathology_codes, reference_pathologies, occasional_pathologies, establishments,
              tied_physicians, tied_establishments, languages, patients, capacity, admitted_at, register_checked_at,
              review_due_at)
            values (
              @PhysicianId, @Rpps, @DisplayName, @SpecialtyCode, @PathologyCodes, @ReferencePathologies, @OccasionalPathologies, @Establishments,
              @TiedPhysicians, @TiedEstablishments, @Languages, @Patients, @Capacity, @AdmittedAt, @RegisterCheckedAt,
              @ReviewDueAt)
            on conflict do nothing
            """,
            referent);
        if (added == 0)
        {
            return false;
        }

        await referent.Tell(db, referent.AdmittedAt);
        return true;
    }

    /// <summary>The whole profile, to matching: the last one by time is the one that counts.</summary>
    public Task Tell(NpgsqlConnection db, DateTimeOffset at) => Outbox.Publish(db, PhysicianId, new PhysicianAdmitted
    {
        PhysicianId = PhysicianId,
        SpecialtyCode = SpecialtyCode,
        PathologyCodes = PathologyCodes,
        Establishments = Establishments,
        Capacity = SuspendedAt is null ? Capacity : 0,
        TiedPhysicians = TiedPhysicians,
        TiedEstablishments = TiedEstablishments,
        Languages = Languages,
        Patients = Patients,
        ReferencePathologies = ReferencePathologies,
        OccasionalPathologies = OccasionalPathologies,
        AdmittedAt = at,
    });

    /// <summary>How much the physician takes on now, to matching; nothing while suspended.</summary>
    public Task TellAvailability(NpgsqlConnection db, DateTimeOffset at) => Outbox.Publish(db, PhysicianId, new AvailabilityChanged
    {
        PhysicianId = PhysicianId,
        Capacity = SuspendedAt is null ? Capacity : 0,
        WeeklyCapacity = WeeklyCapacity,
        Leaves = Leaves,
        AwayUntil = AwayUntil,
        Suspended = SuspendedAt is not null,
        ChangedAt = at,
    });

    public static Task<PhysicianRow?> Find(NpgsqlConnection db, Guid physicianId) =>
        db.QuerySingleOrDefaultAsync<PhysicianRow>($"select {Columns} from physician where physician_id = @physicianId", new { physicianId });

    /// <summary>The row, held until the end of the transaction.</summary>
    public static Task<PhysicianRow?> Lock(NpgsqlConnection db, Guid physicianId) =>
        db.QuerySingleOrDefaultAsync<PhysicianRow>($"select {Columns} from physician where physician_id = @physicianId for update", new { physicianId });
}
