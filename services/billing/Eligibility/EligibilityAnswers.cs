using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>Answers a question, for every door alike: gRPC, HTTP and reservations.</summary>
internal sealed class EligibilityAnswers(InsurerDirectory insurers, BeneficiaryIndex index, IdentityKeys keys, CoverageOptions options, TimeProvider time)
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <param name="countUses">False for an insurer: its answer must not tell whether the person has used the service.</param>
    public async Task<Answer> Ask(Question question, CancellationToken cancel, bool countUses = true)
    {
        var now = time.GetUtcNow();
        for (var attempt = 1; ; attempt++)
        {
            if (insurers.ByAmc(question.Amc) is not { } insurer)
            {
                return new Answer(Decision.Refuse(Refusal.InsurerUnknown), null, null, "", null, now);
            }

            cancel.ThrowIfCancellationRequested();
            try
            {
                var found = insurer.Roster is { } roster
                    ? await index.Find(roster, insurer.Id, question.HolderNir is not null, Hash(question, insurer, roster), question.ServiceDate.Year)
                    : [];
                return Answer(question, insurer, Choose(found, insurer, question.ServiceDate), countUses, now);
            }
            catch (RosterGoneException) when (attempt < 3)
            {
                await insurers.Refresh();
            }
        }
    }

    /// <summary>
    /// A holder's NIR may lead to several memberships of one person: the one that would cover the day, else one valid on it, else the latest to begin; between
    /// equals the smallest hash. Uses do not enter: the choice is the same before and after a use.
    /// </summary>
    internal static Beneficiary? Choose(IReadOnlyList<Beneficiary> found, Insurer insurer, DateOnly day)
    {
        return found.Count < 2
            ? found.Select(b => (Beneficiary?)b).FirstOrDefault()
            : found.OrderBy(Rank).ThenByDescending(b => b.From).ThenBy(b => b.Person).First();

        int Rank(Beneficiary b) =>
            Decision.Decide(b with { PersonUses = 0, FamilyUses = 0 }, insurer.Contracts.GetValueOrDefault(b.Contract)?.TermsOn(day), day).Covered ? 0
            : b.From <= day && day <= (b.To ?? DateOnly.MaxValue) ? 1 : 2;
    }

    private Answer Answer(Question question, Insurer insurer, Beneficiary? beneficiary, bool countUses, DateTimeOffset now)
    {
        beneficiary = beneficiary is { } found && !countUses ? found with { PersonUses = 0, FamilyUses = 0 } : beneficiary;
        var terms = beneficiary is { } known ? insurer.Contracts.GetValueOrDefault(known.Contract)?.TermsOn(question.ServiceDate) : null;
        var decision = Decision.Decide(beneficiary, terms, question.ServiceDate);
        if (!decision.Covered)
        {
            return new Answer(decision, insurer, null, "", null, now) { Family = beneficiary?.Family };
        }

        // To the day: the same question on the same day gives the same number.
        var expiresOn = FrenchTime.Day(now).AddDays(options.EngagementDays);
        var number = keys.Hasher(insurer.Roster!.KeyId).Engagement(insurer.AmcAscii, beneficiary!.Value.Person, question.ServiceDate.DayNumber,
            expiresOn.DayNumber);
        return new Answer(decision, insurer, beneficiary, Written(number), FrenchTime.Midnight(expiresOn), now) { Family = beneficiary.Value.Family };
    }

    private long Hash(Question question, Insurer insurer, CurrentRoster roster)
    {
        var hasher = keys.Hasher(roster.KeyId);
        return question.HolderNir is { } nir
            ? hasher.Holder(insurer.AmcAscii, nir, question.BirthDate, question.BirthRank)
            : hasher.Person(insurer.AmcAscii, question.Member, question.BirthDate, question.BirthRank);
    }

    /// <summary>60 bits as twelve characters that are hard to confuse, e.g. <c>7K3M-09QX-2B4T</c>.</summary>
    private static string Written(long number) => $"{Part(number >>> 44)}-{Part(number >>> 24)}-{Part(number >>> 4)}";

    private static string Part(long bits) => string.Create(4, bits, static (text, value) =>
    {
        for (var i = 3; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(value & 31)];
            value >>>= 5;
        }
    });
}
