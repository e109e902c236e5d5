using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Billing.Coverage;

/// <summary>
/// Who pays when no insurer does: the solidarity fund or the patient. A case names them like an insurer, by a number that no insurer can have, so intake asks
/// one question whoever pays.
/// </summary>
internal interface IOtherPayer
{
    AmcNumber Amc { get; }

    /// <summary>Changes nothing.</summary>
    /// <param name="question">What the case names.</param>
    /// <param name="account">The patient's account, as intake knows it.</param>
    /// <param name="cancel">When the caller left.</param>
    Task<Answer> Ask(Question question, Guid account, CancellationToken cancel);

    /// <summary>Asked again for the same case, it gives the same answer.</summary>
    Task<ReserveCoverage.Outcome> Reserve(Guid caseId, Question question, Guid account, CancellationToken cancel);
}
