using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.ServiceDefaults.Http;

/// <summary>
/// Cursors of lists ordered by an id: signed with a key that the service's instances share through its database, and good only for the caller and the filter
/// that they were given to. Nobody makes one up to look beyond an id.
/// </summary>
public sealed class Cursors
{
    public const int DefaultLimit = 50;
    public const int MaxLimit = 100;
    private const int MarkLength = 16;
    private byte[]? _key;

    /// <returns>What the page begins after; refused when the limit is out of range, or the cursor is not one of this list.</returns>
    public Result<(int Limit, Guid? After)> Read(int? limit, string? after, ClaimsPrincipal user, string filter)
    {
        if (limit is < 1 or > MaxLimit)
        {
            return CommonProblems.Invalid(new FieldError("#/limit", "out_of_range", $"De 1 à {MaxLimit}."));
        }

        if (after is null)
        {
            return (limit ?? DefaultLimit, null);
        }

        return Decode(after, user, filter) is { } last
            ? (limit ?? DefaultLimit, last)
            : CommonProblems.Invalid(new FieldError("#/after", "invalid_cursor", "Reprenez la liste depuis le début."));
    }

    public string Encode(Guid last, ClaimsPrincipal user, string filter) => Base64Url.EncodeToString([.. last.ToByteArray(), .. Mark(last, user, filter)]);

    private Guid? Decode(string cursor, ClaimsPrincipal user, string filter)
    {
        if (Base64Url.IsValid(cursor, out var length) && length == 16 + MarkLength)
        {
            var bytes = Base64Url.DecodeFromChars(cursor);
            var last = new Guid(bytes.AsSpan(0, 16));
            if (CryptographicOperations.FixedTimeEquals(bytes.AsSpan(16), Mark(last, user, filter)))
            {
                return last;
            }
        }

        return null;
    }

    /// <summary>Once, after the migrations: the first instance makes the key.</summary>
    internal async Task Load(NpgsqlDataSource dataSource)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        _key = await db.ExecuteScalarAsync<byte[]>(
            """
            insert into service_secret (name, value) values ('cursors', @Fresh) on conflict do nothing;
            select value from service_secret where name = 'cursors'
            """, new { Fresh = RandomNumberGenerator.GetBytes(32) });
    }

    private byte[] Mark(Guid last, ClaimsPrincipal user, string filter) =>
        HMACSHA256.HashData(_key ?? throw new InvalidOperationException("The key of cursors is loaded when the service starts."),
            Encoding.UTF8.GetBytes($"{last}\n{user.Role()}\n{user.Subject()}\n{filter}"))[..MarkLength];
}
