namespace Aspire.Hosting.Running.Processes;

/// <summary>One process to run.</summary>
internal sealed record ProcessSpec(string FileName, IReadOnlyList<string> Arguments, string WorkingDirectory)
{
    /// <summary>Added to what the host itself was started with; null removes.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>The account to run as, when the host is root and the program refuses root.</summary>
    public ServerAccount? Account { get; init; }

    /// <summary>What asks it to end in good order.</summary>
    public Signal StopSignal { get; init; } = Signal.Term;

    /// <summary>What the kernel sends it when the host dies.</summary>
    public Signal DeathSignal { get; init; } = Signal.Kill;
}

internal enum Signal
{
    Int = 2,
    Quit = 3,
    Kill = 9,
    Term = 15,
}

internal sealed record ServerAccount(string Name, uint UserId, uint GroupId);
