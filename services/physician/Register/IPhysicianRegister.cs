using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Physician.Register;

/// <summary>
/// The national register of physicians (Annuaire santé), which proves that an RPPS number is somebody's and whose. Two adapters: its FHIR interface and its
/// extraction as a file.
/// </summary>
internal interface IPhysicianRegister
{
    /// <returns>Null when the register does not know the number.</returns>
    /// <exception cref="RegisterAwayException">It cannot be asked now.</exception>
    Task<RegisteredPhysician?> Find(Rpps rpps, CancellationToken cancel);
}

/// <summary>What the register says of a number, over all places of practice.</summary>
/// <param name="IsActive">Still in practice.</param>
/// <param name="FamilyNames">Family name and name in practice, as written there.</param>
/// <param name="Professions">TRE_G15 codes; 10 is a physician.</param>
/// <param name="Specialties">TRE_R38 codes, e.g. <c>SM20</c>.</param>
internal sealed record RegisteredPhysician(
    bool IsActive, IReadOnlyCollection<string> FamilyNames, IReadOnlyCollection<string> Professions, IReadOnlyCollection<string> Specialties)
{
    public const string Physician = "10";
}

/// <summary>The register does not answer, or answers what nobody can read.</summary>
internal sealed class RegisterAwayException(string message, Exception? inner = null) : Exception(message, inner);
