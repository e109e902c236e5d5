using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json.Serialization;

namespace SecondOpinion.ServiceDefaults.Text;

/// <summary>
/// The words of an enum, the same in SQL, events, gRPC, metrics and the API: <c>AwaitingApproval</c> is <c>awaiting_approval</c>, unless
/// <see cref="JsonStringEnumMemberNameAttribute"/> says another one.
/// </summary>
public static class Words
{
    public static string Word<T>(this T value) where T : struct, Enum => Book<T>.Words[value];

    public static bool TryRead<T>(string word, out T value) where T : struct, Enum => Book<T>.Values.TryGetValue(word, out value);

    /// <exception cref="FormatException">No member has this word.</exception>
    public static T Read<T>(string word) where T : struct, Enum =>
        TryRead<T>(word, out var value) ? value : throw new FormatException($"'{word}' is no word of {typeof(T).Name}.");

    /// <summary>In the order of the enum.</summary>
    public static IReadOnlyList<string> All<T>() where T : struct, Enum => Book<T>.All;

    private static class Book<T> where T : struct, Enum
    {
        public static readonly FrozenDictionary<T, string> Words = Enum.GetValues<T>().ToFrozenDictionary(v => v, Of);
        public static readonly FrozenDictionary<string, T> Values = Words.ToFrozenDictionary(w => w.Value, w => w.Key);
        public static readonly IReadOnlyList<string> All = [.. Enum.GetValues<T>().Select(v => Words[v])];

        private static string Of(T value)
        {
            var name = value.ToString();
            return typeof(T).GetField(name)!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name
                ?? string.Concat(name.Select((c, i) => char.IsAsciiLetterUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));
        }
    }
}
