using System.Text;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>Who is asked about, cleaned of the ways in which people type; by member number, or by the policy holder's NIR.</summary>
/// <param name="Amc">The insurer.</param>
/// <param name="Member">Normalised member number; null when asked by NIR.</param>
/// <param name="HolderNir">15 characters; null when asked by member number.</param>
/// <param name="BirthDate">yyyymmdd.</param>
/// <param name="BirthRank">1 unless a twin.</param>
/// <param name="ServiceDate">The day on which cover is asked for.</param>
internal sealed record Question(AmcNumber Amc, byte[]? Member, byte[]? HolderNir, int BirthDate, int BirthRank, DateOnly ServiceDate)
{
    public const int MaxRank = 9;
    private const int PastDays = 731;
    private const int ComingDays = 366;

    /// <param name="raw">As typed.</param>
    /// <param name="today">Today in Paris.</param>
    /// <param name="question">Null when something is wrong.</param>
    /// <param name="errors">Every field at fault, with a French sentence.</param>
    public static bool TryParse(RawQuestion raw, DateOnly today, out Question? question, out FieldError[] errors)
    {
        var faults = new List<FieldError>();
        if (!AmcNumber.TryParse(raw.AmcNumber, out var amc, out var amcFault))
        {
            faults.Add(new("#/amcNumber", "invalid_amc_number", amcFault!));
        }

        byte[]? member = null;
        byte[]? holder = null;
        if (!string.IsNullOrWhiteSpace(raw.MemberNumber))
        {
            if (Typed.TryMember(raw.MemberNumber, out var clean))
            {
                member = Encoding.ASCII.GetBytes(clean);
            }
            else
            {
                faults.Add(new("#/memberNumber", "invalid_member_number", "Un numéro d'adhérent comporte des lettres et des chiffres, 24 au plus."));
            }
        }
        else if (!string.IsNullOrWhiteSpace(raw.HolderNir))
        {
            if (Typed.TryNir(raw.HolderNir, out var nir))
            {
                holder = Encoding.ASCII.GetBytes(nir.Value);
            }
            else
            {
                faults.Add(new("#/holderNir", "invalid_nir", "Ce numéro de sécurité sociale n'est pas valable : vérifiez ses chiffres et sa clé."));
            }
        }
        else
        {
            faults.Add(new("#/memberNumber", "missing", "Indiquez le numéro d'adhérent, ou le numéro de sécurité sociale de l'assuré."));
        }

        var birthDate = Ascii(raw.BirthDate, text => Typed.BirthDate(text, Typed.FromDate(today)));
        if (birthDate == 0)
        {
            faults.Add(new("#/birthDate", "invalid_date", "La date de naissance s'écrit AAAA-MM-JJ ou JJ/MM/AAAA et n'est pas dans le futur."));
        }

        var rank = raw.BirthRank ?? 1;
        if (rank is < 1 or > MaxRank)
        {
            faults.Add(new("#/birthRank", "out_of_range", "Le rang de naissance va de 1 à 9 ; c'est 1, sauf pour des jumeaux."));
        }

        var serviceDate = today;
        if (!string.IsNullOrWhiteSpace(raw.ServiceDate))
        {
            var date = Ascii(raw.ServiceDate, text => Typed.Date(text));
            serviceDate = date == 0 ? default : Typed.ToDate(date);
            if (serviceDate < today.AddDays(-PastDays) || serviceDate > today.AddDays(ComingDays))
            {
                faults.Add(new("#/serviceDate", "invalid_date", "La date du service s'écrit AAAA-MM-JJ, de deux ans en arrière à un an en avant."));
            }
        }

        errors = [.. faults];
        question = faults.Count > 0 ? null : new Question(amc, member, holder, birthDate, rank, serviceDate);
        return question is not null;
    }

    private static int Ascii(string? text, Func<byte[], int> parse) =>
        string.IsNullOrWhiteSpace(text) || text.Length > 20 ? 0 : parse(Encoding.UTF8.GetBytes(text.Trim()));
}

/// <summary>A question as typed.</summary>
internal readonly record struct RawQuestion(
    string? AmcNumber, string? MemberNumber, string? BirthDate, int? BirthRank, string? HolderNir, string? ServiceDate);
