using System.Data;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Dapper;

namespace SecondOpinion.ServiceDefaults.Database;

/// <summary>
/// How values stand between SQL and records, said once for every service (docs/decisions/0067): a moment is a <see cref="DateTimeOffset"/> in UTC on both
/// sides, a date a <see cref="DateOnly"/>, a list of texts a <c>string[]</c>, a state a <see cref="Word{T}"/>. Columns are <c>snake_case</c>, and a row may be
/// a positional record.
/// </summary>
public static class SqlTypes
{
    /// <summary>Repeatable; for the whole process.</summary>
    /// <param name="service">Its enums may stand in text columns, as <see cref="Word{T}"/>.</param>
    public static void Map(Assembly service)
    {
        foreach (var words in service.GetTypes().Where(t => t.IsEnum))
        {
            SqlMapper.AddTypeHandler(typeof(Word<>).MakeGenericType(words),
                (SqlMapper.ITypeHandler)Activator.CreateInstance(typeof(Word<>.Handler).MakeGenericType(words))!);
        }

        DefaultTypeMap.MatchNamesWithUnderscores = true;
        SqlMapper.AddTypeHandler(new Dates());
        // Dapper's own mapping of writing would come first, and refuses a moment that another offset wrote.
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
        SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
        SqlMapper.AddTypeHandler(typeof(DateTimeOffset), new Moments());
        SqlMapper.AddTypeHandler(new Texts());
        SqlMapper.AddTypeHandler(new Ids());
    }

    private sealed class Dates : SqlMapper.TypeHandler<DateOnly>
    {
        public override void SetValue(IDbDataParameter parameter, DateOnly value) => parameter.Value = value;

        public override DateOnly Parse(object value) => value is DateOnly date ? date : DateOnly.FromDateTime((DateTime)value);
    }

    private sealed class Moments : SqlMapper.ITypeHandler
    {
        public void SetValue(IDbDataParameter parameter, object value)
        {
            // Said for null too: PostgreSQL could not guess the type of a bare null.
            parameter.DbType = DbType.DateTimeOffset;
            parameter.Value = value is DateTimeOffset moment ? moment.ToUniversalTime() : DBNull.Value;
        }

        /// <summary><c>timestamptz</c> comes as a UTC <see cref="DateTime"/>; <c>-infinity</c> as the least one, which says no kind.</summary>
        public object Parse(Type destinationType, object value) =>
            value is DateTimeOffset moment ? moment : new DateTimeOffset(DateTime.SpecifyKind((DateTime)value, DateTimeKind.Utc));
    }

    private sealed class Texts : SqlMapper.TypeHandler<string[]>
    {
        public override void SetValue(IDbDataParameter parameter, string[]? value) => parameter.Value = (object?)value ?? DBNull.Value;

        [return: NotNullIfNotNull(nameof(value))]
        public override string[]? Parse(object value) => (string[])value;
    }

    private sealed class Ids : SqlMapper.TypeHandler<Guid[]>
    {
        public override void SetValue(IDbDataParameter parameter, Guid[]? value) => parameter.Value = (object?)value ?? DBNull.Value;

        [return: NotNullIfNotNull(nameof(value))]
        public override Guid[]? Parse(object? value) => (Guid[]?)value;
    }
}
