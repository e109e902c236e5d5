using System.Diagnostics.CodeAnalysis;

namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>
/// What a step gives: its value, or why it is refused. The one way in which an expected refusal travels (docs/decisions/0068): returned from step to step,
/// answered by the endpoint, and rolled back by <c>InTransaction</c> on its way.
/// </summary>
/// <typeparam name="T">The value; a class, a record or a tuple.</typeparam>
public readonly struct Result<T> : IMayBeRefused
{
    private readonly T? _value;
    private readonly bool _hasValue;

    private Result(T value)
    {
        _value = value;
        _hasValue = true;
    }

    private Result(Problem refusal) => Refusal = refusal;

    /// <summary>Null when there is a value.</summary>
    public Problem? Refusal { get; }

    public static implicit operator Result<T>(T value) => new(value);

    public static implicit operator Result<T>(Problem refusal) => new(refusal);

    /// <returns>True with the value, false with the refusal.</returns>
    /// <exception cref="InvalidOperationException">It is neither: nobody made it.</exception>
    public bool TryGet([MaybeNullWhen(false)] out T value, [NotNullWhen(false)] out Problem? refusal)
    {
        (value, refusal) = (_value, Refusal);
        return _hasValue || (refusal is null ? throw new InvalidOperationException("A result without value and refusal.") : false);
    }

    /// <summary>For gRPC, whose only way to refuse is an exception; <see cref="GrpcProblems"/> gives it its status and code.</summary>
    /// <exception cref="ProblemException">It is refused.</exception>
    public T OrThrow() => TryGet(out var value, out var refusal) ? value : throw refusal.AsException();
}

/// <summary>Lets a transaction see a refusal without knowing the value.</summary>
public interface IMayBeRefused
{
    Problem? Refusal { get; }
}
