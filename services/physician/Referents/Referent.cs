using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Physician.Referents;

/// <summary>A physician whom the scientific council admitted, with what matching needs to choose.</summary>
/// <remarks>Not positional: Npgsql announces array columns as plain arrays, which no constructor of ours would fit.</remarks>
internal sealed record Referent
{
    public required Guid PhysicianId { get; init; }

    public required string Rpps { get; init; }

    public required string DisplayName { get; init; }

    public required string SpecialtyCode { get; init; }

    public required string[] PathologyCodes { get; init; }

    public required string[] Establishments { get; init; }

    public required int Capacity { get; init; }

    public DateTime? AwayUntil { get; init; }

    public required DateTime AdmittedAt { get; init; }

    public int Version { get; init; } = 1;

    /// <summary>Inserts the physician and tells so; false when the physician is known already, and then nothing is told.</summary>
    public static async Task<bool> Admit(NpgsqlConnection db, Referent referent)
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

    public static Task<Referent?> Find(NpgsqlConnection db, Guid physicianId) => db.QuerySingleOrDefaultAsync<Referent>(
        """
        select physician_id, rpps, display_name, specialty_code, pathology_codes, establishments, capacity, away_until, admitted_at, version
        from physician
        where physician_id = @physicianId
        """,
        new { physicianId });
}
