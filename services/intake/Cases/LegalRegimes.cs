namespace SecondOpinion.Intake.Cases;

/// <summary>
/// What the law calls the act (R.6316-1 of the Code de la santé publique): a téléexpertise when a physician asks and the patient agrees; anybody else's
/// request, or a physician's without that agreement, is a téléconseil personnalisé.
/// </summary>
internal static class LegalRegimes
{
    public const string Teleexpertise = "teleexpertise";
    public const string Teleconseil = "teleconseil_personnalise";

    public static string Of(string requestedBy, bool patientAgrees) => requestedBy == "physician" && patientAgrees ? Teleexpertise : Teleconseil;
}
