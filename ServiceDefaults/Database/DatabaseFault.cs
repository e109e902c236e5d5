using Npgsql;

namespace SecondOpinion.ServiceDefaults.Database;

/// <summary>Tells a database that cannot be used just now from a statement that can never succeed.</summary>
internal static class DatabaseFault
{
    /// <summary>
    /// SQLSTATE classes that say nothing about the statement: connection (08), login (28), no such database (3D), resources (53), shutting down or starting
    /// (57P), system (58), and a server that takes no writes, as after a fail-over (25006).
    /// </summary>
    private static readonly string[] AwayStates = ["08", "28", "3D", "53", "57P", "58", "25006"];

    /// <summary>Text that no column can hold, such as U+0000: the caller's, whichever door it came through.</summary>
    public static bool IsUnstorableText(Exception exception) => exception is PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire };

    /// <summary>
    /// Whatever was tried would have failed. A statement that the server itself ended (too slow, a lock, a constraint) is not among these; one whose answer
    /// never came is.
    /// </summary>
    public static bool IsAway(Exception exception) => exception switch
    {
        PostgresException postgres => AwayStates.Any(state => postgres.SqlState.StartsWith(state, StringComparison.Ordinal)),
        NpgsqlException or TimeoutException => true,
        _ => exception.InnerException is { } inner && IsAway(inner),
    };
}
