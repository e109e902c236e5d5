using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Matching.Choosing;

/// <summary>Whom a physician gives opinions about.</summary>
internal enum PatientAges
{
    All,
    Adults,
    Children,
}

/// <summary>All that a choice may know of a physician. Never what opinions said, what became of them, or what they cost: a test counts the fields.</summary>
/// <param name="TiedPhysicians">With whom a tie is declared.</param>
/// <param name="TiedEstablishments">With which a tie is declared, beyond the places of practice.</param>
/// <param name="OpenCases">Places held: open offers and cases not yet delivered.</param>
/// <param name="LastOfferedAt">Null when never asked: idle for longest.</param>
/// <param name="Languages">ISO 639-1.</param>
/// <param name="ReferencePathologies">In which the physician is a reference of the field.</param>
/// <param name="OccasionalPathologies">Seen only now and then; what is in neither list is usual practice.</param>
/// <param name="WeeklyCapacity">New cases in seven days, at most; null when only the open ones count.</param>
/// <param name="TakenThisWeek">Offered in the last seven days, and neither declined nor expired.</param>
/// <param name="Leaves">ISO 8601 intervals of days.</param>
/// <param name="TurnaroundHours">From acceptance to delivery, without the time the patient took to answer, as the last opinions let expect.</param>
internal sealed record Expert(
    Guid PhysicianId,
    string SpecialtyCode,
    string[] PathologyCodes,
    string[] Establishments,
    Guid[] TiedPhysicians,
    string[] TiedEstablishments,
    int Capacity,
    int OpenCases,
    DateTimeOffset? AwayUntil,
    DateTimeOffset? LastOfferedAt,
    string[] Languages,
    Word<PatientAges> Patients,
    string[] ReferencePathologies,
    string[] OccasionalPathologies,
    int? WeeklyCapacity,
    int TakenThisWeek,
    string[] Leaves,
    double TurnaroundHours)
{
    /// <summary>Share of the places that are held, so that a large practice is not asked more often only because it is large.</summary>
    public double Load => Capacity == 0 ? 1 : (double)OpenCases / Capacity;

    /// <summary>New cases that can be taken now.</summary>
    public int FreePlaces => Math.Max(0, Math.Min(Capacity - OpenCases, (WeeklyCapacity ?? int.MaxValue) - TakenThisWeek));

    /// <summary>At work today, and on enough working days before the clock ends.</summary>
    public bool HasTimeFor(DateTimeOffset now, DateTimeOffset dueAt) =>
        Leaves.Length == 0 || !IsOnLeave(FrenchTime.Day(now)) && WorkingDays.Enough(now, dueAt, IsOnLeave);

    private bool IsOnLeave(DateOnly day) => Array.Exists(Leaves, leave => Leave.Parse(leave).Holds(day));
}
