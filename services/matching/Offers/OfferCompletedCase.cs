using Dapper;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Matching.Offers;

/// <summary>A file is complete: asks the first physician.</summary>
internal sealed class OfferCompletedCase(Inbox inbox, NextChoice next, TimeProvider time) : IHandle<CaseCompleted>
{
    public Task Handle(Delivery<CaseCompleted> delivery) => inbox.Once(delivery, nameof(OfferCompletedCase), async db =>
    {
        var completed = delivery.Event;
        // No row is added for a case that is known: told twice, or withdrawn before this arrived.
        var added = await db.ExecuteAsync(
            """
            insert into matching_case (
              case_id, state, pathology_code, specialty_code, treating_establishment, involved_physicians, place_of_care, patient_is_minor,
              language, completed_at, due_at)
            values (
              @CaseId, 'waiting', @PathologyCode, @SpecialtyCode, @TreatingEstablishment, @InvolvedPhysicians, @PlaceOfCare, @PatientIsMinor, @Language,
              @CompletedAt, @DueAt)
            on conflict (case_id) do nothing
            """,
            new
            {
                completed.CaseId,
                completed.PathologyCode,
                SpecialtyCode = Specialties.Canonical(completed.SpecialtyCode),
                completed.TreatingEstablishment,
                InvolvedPhysicians = completed.InvolvedPhysicians ?? [],
                completed.PlaceOfCare,
                PatientIsMinor = completed.PatientIsMinor ?? false,
                Language = completed.Language ?? SpokenLanguage.French,
                completed.CompletedAt,
                completed.DueAt,
            });
        if (added > 0)
        {
            await next.Advance(db, (await MatchingCase.Lock(db, completed.CaseId))!, time.GetUtcNow());
        }
    });
}
