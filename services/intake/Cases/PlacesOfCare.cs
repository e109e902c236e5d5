using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>Is it known where the patient is treated? It decides whose opinion is independent.</summary>
internal static class PlacesOfCare
{
    /// <summary>The establishment is told.</summary>
    public const string Given = "given";

    /// <summary>No establishment treats the patient.</summary>
    public const string None = "none";

    /// <summary>The patient does not know: a coordinator judges.</summary>
    public const string Unknown = "unknown";

    /// <summary>What is told in place of an establishment.</summary>
    public static readonly IReadOnlyList<string> WithoutEstablishment = [None, Unknown];

    /// <summary>Null while nothing is told.</summary>
    public static string? Of(string? establishment, string? place) => establishment is not null ? Given : place;

    public static IEnumerable<FieldError> Faults(string pointer, string? establishment, string? place)
    {
        if (establishment is not null && !Finess.TryParse(establishment, out _, out var reason))
        {
            yield return new FieldError($"{pointer}/treatingEstablishment", "invalid_key", reason!);
        }

        if (place is not (null or None or Unknown))
        {
            yield return new FieldError(
                $"{pointer}/placeOfCare", "unknown_code",
                "Dites qu'aucun établissement ne vous soigne, ou que vous ne savez pas ; un établissement se donne par son numéro FINESS.",
                WithoutEstablishment);
        }
        else if (place is not null && establishment is not null)
        {
            yield return new FieldError($"{pointer}/placeOfCare", "contradiction", "Donnez l'établissement, ou dites qu'il n'y en a pas, mais pas les deux.");
        }
    }
}
