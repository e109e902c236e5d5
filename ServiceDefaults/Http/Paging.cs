using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>Cursors of lists ordered by an id: opaque, and good only for the caller and the filter that they were given to.</summary>
public static class Paging
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 100;
    private const int MarkLength = 8;

    /// <exception cref="ProblemException">The limit is out of range, or the cursor is not one of this list.</exception>
    public static (int Limit, Guid? After) Read(int? limit, string? after, ClaimsPrincipal user, string filter)
    {
        if (limit is < 1 or > MaxLimit)
        {
            throw CommonProblems.Invalid(new FieldError("#/limit", "out_of_range", $"De 1 à {MaxLimit}.")).AsException();
        }

        return (limit ?? DefaultLimit, after is null ? null : Decode(after, user, filter));
    }

    public static string Encode(Guid last, ClaimsPrincipal user, string filter) => Base64Url.EncodeToString([.. last.ToByteArray(), .. Mark(last, user, filter)]);

    private static Guid Decode(string cursor, ClaimsPrincipal user, string filter)
    {
        if (Base64Url.IsValid(cursor, out var length) && length == 16 + MarkLength)
        {
            var bytes = Base64Url.DecodeFromChars(cursor);
            var last = new Guid(bytes.AsSpan(0, 16));
            if (bytes.AsSpan(16).SequenceEqual(Mark(last, user, filter)))
            {
                return last;
            }
        }

        throw CommonProblems.Invalid(new FieldError("#/after", "invalid_cursor", "Reprenez la liste depuis le début.")).AsException();
    }

    private static byte[] Mark(Guid last, ClaimsPrincipal user, string filter) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{last}\n{user.Role()}\n{user.Subject()}\n{filter}"))[..MarkLength];
}
