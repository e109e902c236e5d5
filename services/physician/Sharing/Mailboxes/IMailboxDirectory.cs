using SecondOpinion.Contracts.Identifiers;

namespace SecondOpinion.Physician.Sharing.Mailboxes;

/// <summary>Where physicians get secure health mail. Two adapters: the Annuaire santé's FHIR interface and its extraction as a file.</summary>
internal interface IMailboxDirectory
{
    /// <returns>Null when the directory knows no mailbox of this physician.</returns>
    /// <exception cref="Register.RegisterAwayException">It cannot be asked now.</exception>
    Task<Mailbox?> Find(Rpps rpps, CancellationToken cancel);
}

/// <summary>A physician's own mailbox, which nobody else reads.</summary>
/// <param name="Address">In the trust space of MSSanté.</param>
/// <param name="Family">Name in practice.</param>
/// <param name="Given">May be empty.</param>
internal sealed record Mailbox(string Address, string Family, string Given);
