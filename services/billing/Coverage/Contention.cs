using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Coverage;

/// <summary>Many may want a family's last uses at once: whoever waited too long for the lock, or was picked out of a deadlock, begins anew.</summary>
internal static class Contention
{
    private const int Attempts = 5;

    /// <param name="dataSource">The database.</param>
    /// <param name="work">Leaves nothing behind when it throws; it may run several times.</param>
    /// <param name="cancel">Ends the attempts, e.g. at the caller's deadline.</param>
    public static async Task<T> InContendedTransaction<T>(this NpgsqlDataSource dataSource, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await dataSource.InTransaction(work, cancel);
            }
            catch (PostgresException exception) when (attempt < Attempts && IsContention(exception.SqlState))
            {
                cancel.ThrowIfCancellationRequested();
            }
        }
    }

    private static bool IsContention(string state) =>
        state is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable;
}
