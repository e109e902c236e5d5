using Dapper;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.Matching.Offers;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Physicians;

/// <summary>The scientific council admitted a référent, or the profile changed: keeps the latest by its own time.</summary>
internal sealed class KeepProfile(Inbox inbox, WaitingCases waiting) : IHandle<PhysicianAdmitted>
{
    public async Task Handle(Delivery<PhysicianAdmitted> delivery)
    {
        var profile = delivery.Event;
        await inbox.Once(delivery, nameof(KeepProfile), db => db.ExecuteAsync(
            """
            insert into expert (
              physician_id, profile_at, specialty_code, pathology_codes, establishments, tied_physicians, tied_establishments, capacity, capacity_at)
            values (
              @PhysicianId, @AdmittedAt, @SpecialtyCode, @PathologyCodes, @Establishments, @TiedPhysicians, @TiedEstablishments, @Capacity, @AdmittedAt)
            on conflict (physician_id) do update
            set profile_at = excluded.profile_at,
              specialty_code = excluded.specialty_code,
              pathology_codes = excluded.pathology_codes,
              establishments = excluded.establishments,
              tied_physicians = excluded.tied_physicians,
              tied_establishments = excluded.tied_establishments,
              capacity = case when expert.capacity_at <= excluded.capacity_at then excluded.capacity else expert.capacity end,
              capacity_at = greatest(expert.capacity_at, excluded.capacity_at)
            where expert.profile_at is null or expert.profile_at <= excluded.profile_at
            """,
            new
            {
                profile.PhysicianId,
                profile.AdmittedAt,
                SpecialtyCode = Specialties.Canonical(profile.SpecialtyCode),
                profile.PathologyCodes,
                profile.Establishments,
                TiedPhysicians = profile.TiedPhysicians ?? [],
                TiedEstablishments = profile.TiedEstablishments ?? [],
                profile.Capacity,
            }));
        await waiting.LookAgain(profile.PhysicianId);
    }
}
