namespace SecondOpinion.Intake.Cases;

/// <summary>Who asks for the opinion.</summary>
internal enum RequestedBy
{
    Patient,

    /// <summary>Somebody who acts for the patient and proves it.</summary>
    Relative,
    Physician,

    /// <summary>On the phone, on the patient's behalf.</summary>
    Agent,
}

/// <summary>What the law calls the act (R.6316-1 of the Code de la santé publique).</summary>
internal enum LegalRegime
{
    /// <summary>A physician asks and the patient agrees.</summary>
    Teleexpertise,

    /// <summary>Anybody else's request, or the patient's own once that agreement is taken back.</summary>
    TeleconseilPersonnalise,
}

internal static class LegalRegimes
{
    public static LegalRegime Of(RequestedBy requestedBy, bool patientAgrees) =>
        requestedBy == RequestedBy.Physician && patientAgrees ? LegalRegime.Teleexpertise : LegalRegime.TeleconseilPersonnalise;
}
