using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Physician.Register;

/// <summary>
/// The register's extraction as a file: a line for each place of practice and qualification. Read through at each look-up, since admissions are a few a day and
/// the file changes daily; who left practice is no longer in it.
/// </summary>
internal sealed class RegisterFile(string path) : IPhysicianRegister
{
    private const string IdType = "Type d'identifiant PP";
    private const string Id = "Identifiant PP";
    private const string Profession = "Code profession";
    private const string QualificationType = "Code type savoir-faire";
    private const string Qualification = "Code savoir-faire";
    private const string FamilyName = "Nom de famille";
    private const string NameInPractice = "Nom d'exercice";

    /// <summary>Identifier type of an RPPS number, and qualification type of a specialty of the Ordre.</summary>
    private const string OfRpps = "8";
    private const string Specialty = "S";

    public async Task<RegisteredPhysician?> Find(Rpps rpps, CancellationToken cancel)
    {
        var (names, professions, specialties) = (new HashSet<string>(), new HashSet<string>(), new HashSet<string>());
        try
        {
            using var file = new StreamReader(path);
            var column = (await file.ReadLineAsync(cancel) ?? "").Split('|').Index().ToDictionary(c => c.Item.Trim(), c => c.Index);
            var needed = new[] { IdType, Id, Profession, QualificationType, Qualification, FamilyName, NameInPractice };
            if (needed.FirstOrDefault(n => !column.ContainsKey(n)) is { } missing)
            {
                throw new RegisterAwayException($"The register's file has no column “{missing}”.");
            }

            while (await file.ReadLineAsync(cancel) is { } line)
            {
                if (!line.Contains(rpps.Value, StringComparison.Ordinal) || line.Split('|') is not { } values || values.Length < column.Count
                    || values[column[IdType]] != OfRpps || values[column[Id]] != rpps.Value)
                {
                    continue;
                }

                professions.Add(values[column[Profession]]);
                names.UnionWith(new[] { values[column[FamilyName]], values[column[NameInPractice]] }.Where(name => name.Length > 0));
                if (values[column[QualificationType]] == Specialty)
                {
                    specialties.Add(values[column[Qualification]]);
                }
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new RegisterAwayException("The register's file cannot be read.", unreadable);
        }

        return professions.Count == 0 ? null : new RegisteredPhysician(true, names, professions, specialties);
    }
}
