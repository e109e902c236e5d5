using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Physician.Register;

namespace SecondOpinion.Physician.Sharing.Mailboxes;

/// <summary>
/// The directory's extraction of mailboxes as a file, a line for each. Read through at each look-up, since opinions are a few an hour and the file changes
/// daily.
/// </summary>
internal sealed class MailboxFile(string path) : IMailboxDirectory
{
    private const string Kind = "Type de BAL";
    private const string Address = "Adresse BAL";
    private const string Id = "Identifiant PP";
    private const string Family = "Nom d'exercice";
    private const string Given = "Prénom d'exercice";
    private const string Personal = "PER";

    public async Task<Mailbox?> Find(Rpps rpps, CancellationToken cancel)
    {
        try
        {
            using var file = new StreamReader(path);
            var column = (await file.ReadLineAsync(cancel) ?? "").Split('|').Index().ToDictionary(c => c.Item.Trim(), c => c.Index);
            if (new[] { Kind, Address, Id, Family, Given }.FirstOrDefault(n => !column.ContainsKey(n)) is { } missing)
            {
                throw new RegisterAwayException($"The file of mailboxes has no column “{missing}”.");
            }

            while (await file.ReadLineAsync(cancel) is { } line)
            {
                if (line.Contains(rpps.Value, StringComparison.Ordinal) && line.Split('|') is { } values && values.Length >= column.Count
                    && values[column[Id]] == rpps.Value && values[column[Kind]] == Personal && values[column[Address]].Contains('@', StringComparison.Ordinal))
                {
                    return new Mailbox(values[column[Address]], values[column[Family]], values[column[Given]]);
                }
            }

            return null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new RegisterAwayException("The file of mailboxes cannot be read.", unreadable);
        }
    }
}
