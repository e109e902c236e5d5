using System.Globalization;
using System.Text;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Options;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Register;

/// <summary>Is the number that of this physician, and may this person be admitted? The register is the proof; the number's key is only a warning.</summary>
internal static class RegisterCheck
{
    public static void AddPhysicianRegister(this WebApplicationBuilder builder)
    {
        switch (builder.AddSettings<RegisterSettings>())
        {
            case { Address: not null }:
                // It states 30 s for itself; the council's page would not wait for so long.
                builder.Services.AddHttpClient<IPhysicianRegister, AnnuaireSante>(http => http.Timeout = TimeSpan.FromSeconds(10));
                break;
            case { File: { } file }:
                builder.Services.AddSingleton<IPhysicianRegister>(new RegisterFile(file));
                break;
        }
    }

    /// <returns>What the register holds against it; empty when it confirms everything.</returns>
    /// <exception cref="RegisterAwayException">It cannot be asked now.</exception>
    public static async Task<FieldError[]> Doubts(
        this IPhysicianRegister register, Rpps rpps, string displayName, string specialtyCode, CancellationToken cancel)
    {
        if (await register.Find(rpps, cancel) is not { } registered)
        {
            return [new("#/rpps", "not_in_register", "Ce numéro ne figure pas dans l'Annuaire santé : vérifiez les chiffres.")];
        }

        var doubts = new List<FieldError>();
        if (!registered.Professions.Contains(RegisteredPhysician.Physician))
        {
            doubts.Add(new("#/rpps", "not_a_physician", "Dans l'Annuaire santé, ce numéro n'est pas celui d'un médecin."));
        }

        if (!registered.IsActive)
        {
            doubts.Add(new("#/rpps", "not_in_practice", "Selon l'Annuaire santé, ce médecin n'exerce plus."));
        }

        if (!registered.FamilyNames.Any(name => Words(name).IsSubsetOf(Words(displayName))))
        {
            doubts.Add(new(
                "#/displayName", "not_in_register", "Dans l'Annuaire santé, ce numéro est celui d'une autre personne : vérifiez le nom et le numéro."));
        }

        if (!registered.Specialties.Contains(specialtyCode))
        {
            doubts.Add(new("#/specialtyCode", "not_in_register", registered.Specialties.Count == 0
                ? "L'Annuaire santé ne connaît aucune spécialité à ce médecin."
                : $"L'Annuaire santé connaît à ce médecin : {string.Join(", ", registered.Specialties)}."));
        }

        return [.. doubts];
    }

    /// <summary>Names are written with and without accents, hyphens and capitals.</summary>
    private static HashSet<string> Words(string name)
    {
        var bare = name.Normalize(NormalizationForm.FormD).Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark);
        var letters = string.Concat(bare.Select(c => char.IsLetter(c) ? char.ToUpperInvariant(c) : ' '));
        return [.. letters.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
    }
}
