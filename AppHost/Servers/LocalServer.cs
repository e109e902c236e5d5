namespace SecondOpinion.Servers;

/// <summary>A server of this machine as a private process: an own folder, own ports, reachable from this machine with a password only.</summary>
public abstract class LocalServer
{
    private protected LocalServer(ServerFolder folder) => Folder = folder;

    /// <summary>The program that keeps the server: it hands a stop on in the server's own way and ends with the server's exit code.</summary>
    public string Command => Folder.Account is null ? "bash" : "setpriv";

    /// <summary>No secret is among them.</summary>
    public IReadOnlyList<string> Arguments => Folder.Account is { } account
        ? [$"--reuid={account.UserId}", $"--regid={account.GroupId}", "--init-groups", "--", "bash", .. Script]
        : Script;

    public virtual IReadOnlyDictionary<string, string> Environment { get; } = new Dictionary<string, string>();

    public string WorkingDirectory => Folder.Path;

    /// <summary>What to say of it in one line, e.g. <c>PostgreSQL 15.14</c>.</summary>
    public abstract string Version { get; }

    /// <summary>Makes what the process needs in its folder, at its first start and after a crash; does nothing where all is there.</summary>
    public abstract Task Prepare(CancellationToken cancellationToken);

    /// <summary>Logs in to the running server.</summary>
    /// <exception cref="Exception">It does not answer (yet).</exception>
    public abstract Task Check(CancellationToken cancellationToken);

    /// <summary>Deletes all it keeps, so that the next start is a first one; it must be stopped.</summary>
    public void Forget()
    {
        foreach (var folder in Directory.GetDirectories(Folder.Path))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private protected ServerFolder Folder { get; }

    /// <summary><c>-c SCRIPT NAME ARGUMENT…</c> for bash.</summary>
    private protected abstract IReadOnlyList<string> Script { get; }

    /// <summary>
    /// Begins every script: with <c>STOP_AT_EOF</c> the process ends when its standard input does, that is when whoever started it is gone, however it went.
    /// </summary>
    private protected const string Guard = """
        unset NOTIFY_SOCKET
        if [ -n "$STOP_AT_EOF" ]; then (cat >/dev/null; kill -TERM $$) <&0 & guard=$!; fi
        trap '[ -z "$guard" ] || kill $guard' EXIT

        """;
}

/// <summary>A server cannot be started here; the message tells people what to do.</summary>
public sealed class CannotStartException(string message) : Exception(message);
