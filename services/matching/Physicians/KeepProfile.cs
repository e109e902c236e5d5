using Dapper;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.Matching.Offers;
using SecondOpinion.ServiceDefaults.Database;
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
              physician_id, profile_at, specialty_code, pathology_codes, establishments, tied_physicians, tied_establishments, languages, patients,
              reference_pathologies, occasional_pathologies, capacity, capacity_at)
            values (
              @PhysicianId, @AdmittedAt, @SpecialtyCode, @PathologyCodes, @Establishments, @TiedPhysicians, @TiedEstablishments, @Languages, @Patients,
              @ReferencePathologies, @OccasionalPathologies, @Capacity, @AdmittedAt)
            on conflict (physician_id) do update
            set profile_at = excluded.profile_at,
              specialty_code = excluded.specialty_code,
              pathology_codes = excluded.pathology_codes,
              establishments = excluded.establishments,
              tied_physicians = excluded.tied_physicians,
              tied_establishments = excluded.tied_establishments,
              languages = excluded.languages,
              patients = excluded.patients,
              reference_pathologies = excluded.reference_pathologies,
              occasional_pathologies = excluded.occasional_pathologies,
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
                Languages = profile.Languages ?? [SpokenLanguage.French],
                Patients = profile.Patients ?? ((Word<PatientAges>)PatientAges.All).Text,
                ReferencePathologies = profile.ReferencePathologies ?? [],
                OccasionalPathologies = profile.OccasionalPathologies ?? [],
                profile.Capacity,
            }));
        await waiting.LookAgain(profile.PhysicianId);
    }
}
