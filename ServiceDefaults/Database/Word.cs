using System.Data;
using Dapper;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.ServiceDefaults.Database;

/// <summary>
/// An enum in a text column, as a row and a parameter hold it. Dapper sends a bare enum as its number and reads it by its C# name, whatever handler is
/// registered;
/// this it leaves to <see cref="SqlTypes"/>, which knows every enum of the service.
/// </summary>
public readonly record struct Word<T>(T Value) where T : struct, Enum
{
    /// <summary>E.g. <c>awaiting_approval</c>.</summary>
    public string Text => Value.Word();

    public static implicit operator Word<T>(T value) => new(value);

    public override string ToString() => Text;

    internal sealed class Handler : SqlMapper.TypeHandler<Word<T>>
    {
        public override void SetValue(IDbDataParameter parameter, Word<T> value)
        {
            parameter.DbType = DbType.String;
            parameter.Value = value.Text;
        }

        public override Word<T> Parse(object value) => Words.Read<T>((string)value);
    }
}
