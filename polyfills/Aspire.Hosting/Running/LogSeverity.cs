using System.Text.RegularExpressions;

namespace Aspire.Hosting.Running;

internal enum LogSeverity
{
    Debug,
    Information,
    Warning,
    Error,
}

/// <summary>Reads the level off a line, as .NET's consoles (plain and JSON), PostgreSQL and RabbitMQ write it.</summary>
internal static partial class LogSeverities
{
    /// <param name="line">One line.</param>
    /// <param name="before">Level of the line before: an indented line continues it.</param>
    public static LogSeverity Of(string line, LogSeverity before)
    {
        if (line.Length > 0 && char.IsWhiteSpace(line[0]))
        {
            return before;
        }

        var match = Level().Match(line);
        return match.Groups["error"].Success ? LogSeverity.Error
            : match.Groups["warning"].Success ? LogSeverity.Warning
            : match.Groups["debug"].Success ? LogSeverity.Debug
            : LogSeverity.Information;
    }

    // PostgreSQL's ERROR is an answer to a client, who reports it if it matters; only FATAL and PANIC are the server's own trouble.
    [GeneratedRegex("""
        ^(?:[0-9:.]+[ ])?(?:(?<error>fail|crit)|(?<warning>warn)|(?<debug>dbug|trce)):[ ]
        |^\{.*?"LogLevel":"(?:(?<error>Error|Critical)|(?<warning>Warning)|(?<debug>Debug|Trace))"
        |\[(?:(?<error>error|critical|alert|emergency)|(?<warning>warning)|(?<debug>debug))\]
        |(?:(?<error>FATAL|PANIC)|(?<warning>WARNING)):[ ]{2}
        |^(?<error>Unhandled[ ]exception)
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Level();
}
