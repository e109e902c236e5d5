namespace SecondOpinion.Matching.Choosing;

/// <summary>
/// Who is asked first. A pure function: a référent of that very pathology, for patients of that age and language, who is independent of who and where treats
/// the patient, here, and has a free place; among those the one with the lowest load and the best <see cref="Fit"/>, then the one idle for longest. How often
/// an expert agrees with colleagues is not an input, so that it can never be a ranking (docs/decisions/0030).
/// </summary>
internal static class Choice
{
    /// <param name="wanted">The case.</param>
    /// <param name="experts">All who could come into question.</param>
    /// <param name="now">The present.</param>
    /// <param name="planned">Whom <see cref="Assignment"/> gave the case to, when it was one of many; then the others only say why they were left.</param>
    public static Decision Choose(CaseToMatch wanted, IReadOnlyCollection<Expert> experts, DateTimeOffset now, Guid? planned = null)
    {
        var referents = experts.Where(e => e.PathologyCodes.Contains(wanted.PathologyCode)).ToList();
        // The specialty is a stopgap for pathologies without any référent, never a way round busy ones.
        var basis = referents.Count > 0 ? Basis.Pathology : Basis.Specialty;
        var candidates = basis == Basis.Pathology ? referents : [.. experts.Where(e => e.SpecialtyCode == wanted.SpecialtyCode)];

        var judged = candidates
            .Select(e => (Expert: e, Verdict: Judge(wanted, e, now), Score: Score(wanted, e, now)))
            .OrderBy(j => j.Verdict)
            .ThenBy(j => j.Score)
            .ThenBy(j => j.Expert.LastOfferedAt ?? DateTimeOffset.MinValue)
            .ThenBy(j => j.Expert.PhysicianId)
            .ToList();
        var chosen = planned is { } id ? judged.Find(j => j.Expert.PhysicianId == id).Expert
            : judged is [(var first, Verdict.Eligible, _), ..] ? first : null;
        return new Decision(
            chosen?.PhysicianId,
            basis,
            [.. judged.Select(j => Candidate.Of(j.Expert, j.Expert == chosen ? Verdict.Chosen : j.Verdict, j.Score))]);
    }

    public static double Score(CaseToMatch wanted, Expert expert, DateTimeOffset now) => expert.Load + Fit.Of(wanted, expert, now);

    /// <summary>The first reason, in order of weight, for which this expert cannot take the case; or <see cref="Verdict.Eligible"/>.</summary>
    public static Verdict Judge(CaseToMatch wanted, Expert expert, DateTimeOffset now)
    {
        if (Dependence(wanted, expert) is { } dependent)
        {
            return dependent;
        }

        if (!expert.Languages.Contains(wanted.Language))
        {
            return Verdict.OtherLanguage;
        }

        if (expert.Patients == (wanted.IsMinor ? PatientAges.Adults : PatientAges.Children))
        {
            return Verdict.OtherAge;
        }

        if (wanted.AlreadyAsked.Contains(expert.PhysicianId))
        {
            return Verdict.AlreadyAsked;
        }

        if (expert.AwayUntil > now || !expert.HasTimeFor(now, wanted.DueAt))
        {
            return Verdict.Away;
        }

        return expert.FreePlaces > 0 ? Verdict.Eligible : expert.OpenCases < expert.Capacity ? Verdict.WeekFull : Verdict.Full;
    }

    /// <summary>Why this expert is not independent; null when nothing that is known speaks against it.</summary>
    public static Verdict? Dependence(CaseToMatch wanted, Expert expert)
    {
        if (wanted.Involved.Contains(expert.PhysicianId))
        {
            return Verdict.TreatsPatient;
        }

        var houses = wanted.Places.Select(LegalEntities.Of).ToHashSet();
        if (expert.Establishments.Any(e => houses.Contains(LegalEntities.Of(e))))
        {
            return Verdict.NotIndependent;
        }

        return expert.TiedPhysicians.Any(wanted.Involved.Contains) || expert.TiedEstablishments.Any(e => houses.Contains(LegalEntities.Of(e)))
            ? Verdict.DeclaredTie
            : null;
    }
}

internal enum Basis
{
    /// <summary>Référent of the very pathology.</summary>
    Pathology,

    /// <summary>Nobody is a référent of the pathology: same specialty.</summary>
    Specialty,

    /// <summary>A coordinator named the physician.</summary>
    Coordinator,
}

/// <param name="Chosen">Null when nobody can be asked now.</param>
internal sealed record Decision(Guid? Chosen, Basis Basis, IReadOnlyList<Candidate> Candidates);
