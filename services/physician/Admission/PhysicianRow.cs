using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Admission;

/// <summary>A physician whom the scientific council admitted, with what matching needs to choose.</summary>
/// <param name="TiedPhysicians">Pseudonyms of physicians with whom a tie is declared.</param>
/// <param name="TiedEstablishments">FINESS numbers of establishments with which a tie is declared, beyond the places of practice.</param>
/// <param name="SuspendedAt">Suspended by the scientific council since then.</param>
internal sealed record PhysicianRow(
    Guid PhysicianId, string Rpps, string DisplayName, string SpecialtyCode, string[] PathologyCodes, string[] Establishments,
    Guid[] TiedPhysicians, string[] TiedEstablishments, int Capacity, DateTimeOffset? AwayUntil, DateTimeOffset AdmittedAt,
    DateTimeOffset? SuspendedAt = null, int Version = 1)
{
    /// <summary>When the national register confirmed number, name and specialty; null when the council looked by hand.</summary>
    public DateTimeOffset? RegisterCheckedAt { get; init; }

    /// <summary>Inserts the physician and tells so; false when the physician is known already, and then nothing is told.</summary>
    public static async Task<bool> Admit(NpgsqlConnection db, PhysicianRow referent)
    {
        var added = await db.ExecuteAsync(
            """
            insert into physician (
              physician_id, rpps, display_name, specialty_code, pathology_codes, establishments, tied_physicians, tied_establishments, capacity, admitted_at,
              register_checked_at)
            values (
              @PhysicianId, @Rpps, @DisplayName, @SpecialtyCode, @PathologyCodes, @Establishments, @TiedPhysicians, @TiedEstablishments, @Capacity,
              @AdmittedAt, @RegisterCheckedAt)
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
        AdmittedAt = at,
    });

    public static Task<PhysicianRow?> Find(NpgsqlConnection db, Guid physicianId) => db.QuerySingleOrDefaultAsync<PhysicianRow>(
        """
        select physician_id, rpps, display_name, specialty_code, pathology_codes, establishments, tied_physicians, tied_establishments, capacity, away_until,
          admitted_at, suspended_at, version
        from physician
        where physician_id = @physicianId
        """,
        new { physicianId });
}
