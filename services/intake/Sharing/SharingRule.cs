using System.Globalization;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Intake.Cases;

namespace SecondOpinion.Intake.Sharing;

/// <summary>Why an opinion may not be sent to the treating physician.</summary>
internal enum SharingRefusal
{
    /// <summary>The patient's last word is no, or was said for another physician.</summary>
    NotAgreed,

    /// <summary>No treating physician is named.</summary>
    NoRecipient,

    /// <summary>Without a qualified identity a letter may end in another person's record.</summary>
    IdentityNotQualified,

    /// <summary>Withdrawn, archived or not yet delivered.</summary>
    CaseOver,
}

/// <summary>May the opinion leave? Live consent for this very recipient, a qualified identity, and a case that is delivered.</summary>
internal static class SharingRule
{
    /// <param name="state">Of the case.</param>
    /// <param name="kept">False when the case is archived: kept, and in nobody's sight.</param>
    /// <param name="person">Who is ill, and who treats.</param>
    /// <param name="agreedFor">The physician for whom the patient's last word is yes; null when it is no, or nothing was said.</param>
    public static SharingRefusal? Decide(CaseState state, bool kept, SealedPerson person, Guid? agreedFor)
    {
        if (!kept || state is not (CaseState.Assigned or CaseState.AwaitingInformation or CaseState.Delivered or CaseState.Closed))
        {
            return SharingRefusal.CaseOver;
        }

        if (person.TreatingPhysician is not { } physician)
        {
            return SharingRefusal.NoRecipient;
        }

        if (agreedFor != Rpps.Parse(physician.Rpps).PhysicianId)
        {
            return SharingRefusal.NotAgreed;
        }

        return IsQualified(person.Patient) ? null : SharingRefusal.IdentityNotQualified;
    }

    /// <summary>Qualified by the national service and a document, complete, and not contradicting itself.</summary>
    private static bool IsQualified(CasePerson patient) =>
        patient is { Ins: { Status: CaseIns.Qualified } ins, BirthPlaceCode: not null } && !Contradicts(ins.Matricule, patient);

    /// <summary>
    /// A matricule tells sex, year and month of birth: another person's number, typed or pasted, mostly shows by them. Months beyond 12 stand for incomplete
    /// civil status, and 7 and 8 for provisional numbers: nothing follows from them.
    /// </summary>
    private static bool Contradicts(string matricule, CasePerson patient)
    {
        var month = matricule[3..5];
        return matricule[0] is '1' or '2' && (matricule[0] == '2') != (patient.Sex == "F")
            || matricule[1..3] != patient.BirthDate.ToString("yy", CultureInfo.InvariantCulture)
            || string.CompareOrdinal(month, "12") <= 0 && month != patient.BirthDate.ToString("MM", CultureInfo.InvariantCulture);
    }
}
