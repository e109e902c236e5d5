namespace SecondOpinion.Billing.Insurers;

/// <summary>What an insurer owes for.</summary>
internal enum Pricing
{
    PerOpinion,

    /// <summary>An opinion then adds nothing to what the insurer owes.</summary>
    PerMemberPerMonth,
}

/// <summary>What a contract promises, from a day on. A contract's versions are never changed: the highest whose day has come is in force.</summary>
/// <param name="Version">Counts the contract's versions from 1.</param>
/// <param name="AppliesFrom">First day of service that this version governs.</param>
/// <param name="ServiceIncluded">The second opinion is part of the contract.</param>
/// <param name="UsesPerPerson">Uses in a calendar year for one beneficiary; null when not limited.</param>
/// <param name="UsesPerFamily">The same for all who share a member number.</param>
/// <param name="WaitingDays">Days after the beneficiary's entry before the first use.</param>
/// <param name="PerMember">Priced per member and month: an opinion then adds nothing to what the insurer owes.</param>
/// <param name="PriceCents">Per opinion, or per member and month.</param>
internal sealed record ContractTerms(
    int Version, DateOnly AppliesFrom, string Label, bool ServiceIncluded, int? UsesPerPerson, int? UsesPerFamily, int WaitingDays,
    DateOnly ValidFrom, DateOnly? ValidTo, bool PerMember, long PriceCents);

/// <param name="Number">Short name of the contract in roster rows.</param>
/// <param name="Versions">Highest version first.</param>
internal sealed record Contract(short Number, string Code, IReadOnlyList<ContractTerms> Versions)
{
    public ContractTerms? TermsOn(DateOnly day)
    {
        foreach (var terms in Versions)
        {
            if (terms.AppliesFrom <= day)
            {
                return terms;
            }
        }

        return null;
    }
}

/// <summary>An insurer as questions need it: held in memory, replaced whole when anything changes.</summary>
/// <param name="AmcAscii">The 10 digits, as they enter a hash.</param>
/// <param name="Roster">The version that answers; null before the first import.</param>
/// <param name="Contracts">By number.</param>
internal sealed record Insurer(Guid Id, string AmcNumber, byte[] AmcAscii, string Name, CurrentRoster? Roster, IReadOnlyDictionary<short, Contract> Contracts)
{
    public Contract? ContractByCode(string code) => Contracts.Values.FirstOrDefault(c => c.Code.Equals(code, StringComparison.OrdinalIgnoreCase));
}

/// <param name="Version">Version of the insurer's roster.</param>
/// <param name="Table">Its table, with schema; a name made by this service, safe in SQL.</param>
/// <param name="KeyId">The hashing key of its rows.</param>
internal sealed record CurrentRoster(int Version, string Table, string KeyId);
