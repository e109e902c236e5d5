using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Admission;

/// <summary>A physician whom the scientific council admitted, with what matching needs to choose.</summary>
/// <param name="SuspendedAt">Suspended by the scientific council since then.</param>
internal sealed record PhysicianRow(
    Guid PhysicianId, string Rpps, string DisplayName, string SpecialtyCode, string[] PathologyCodes, string[] Establishments, int Capacity,
    DateTimeOffset? AwayUntil, DateTimeOffset AdmittedAt, DateTimeOffset? SuspendedAt = null, int Version = 1)
{
    /// <summary>Inserts the physician and tells so; false when the physician is known already, and then nothing is told.</summary>
    public static async Task<bool> Admit(NpgsqlConnection db, PhysicianRow referent)
    {
        var added = await db.ExecuteAsync(
            """
            insert into physician (physician_id, rpps, display_name, specialty_code, pathology_codes, establishments, capacity, admitted_at)
            values (@PhysicianId, @Rpps, @DisplayName, @SpecialtyCode, @PathologyCodes, @Establishments, @Capacity, @AdmittedAt)
            on conflict do nothing
            """,
            referent);
        if (added == 0)
        {
            return false;
        }

        await Outbox.Publish(db, referent.PhysicianId, new PhysicianAdmitted
        {
            PhysicianId = referent.PhysicianId,
            SpecialtyCode = referent.SpecialtyCode,
            PathologyCodes = referent.PathologyCodes,
            Establishments = referent.Establishments,
            Capacity = referent.Capacity,
            AdmittedAt = referent.AdmittedAt,
        });
        return true;
    }

    public static Task<PhysicianRow?> Find(NpgsqlConnection db, Guid physicianId) => db.QuerySingleOrDefaultAsync<PhysicianRow>(
        """
        select physician_id, rpps, display_name, specialty_code, pathology_codes, establishments, capacity, away_until, admitted_at, suspended_at, version
        from physician
        where physician_id = @physicianId
        """,
        new { physicianId });
}
