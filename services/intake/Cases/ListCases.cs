using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Cases;

/// <summary>The caller's own cases, newest first, page by page.</summary>
internal static class ListCases
{
    private const int DefaultLimit = 20;
    private const int MaxLimit = 100;

    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases", Handle)
        .AllowRoles(Access.Patient, Access.Agent, Access.Physician)
        .WithName("ListCases")
        .WithSummary("List own cases")
        .WithDescription("Newest first. Pass `next` of one page as `after` for the following one.");

    private static Task<Results<Ok<Page<CaseSummary>>, Problem>> Handle(
        ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, PathologyCatalogue catalogue, CancellationToken cancel,
        int limit = DefaultLimit, string? after = null) =>
        dataSource.InTransaction<Results<Ok<Page<CaseSummary>>, Problem>>(async db =>
        {
            if (limit is < 1 or > MaxLimit)
            {
                return CommonProblems.Invalid(new FieldError("#/limit", "out_of_range", $"limit va de 1 à {MaxLimit}."));
            }

            Guid? from = null;
            if (after is not null && (from = Cursor.Read(user, after)) is null)
            {
                return CommonProblems.Invalid(new FieldError("#/after", "unknown_cursor", "Cette page n'existe pas ; recommencez depuis la première."));
            }

            var rows = await CaseRows.Page(db, user, from, limit + 1);
            await Audit.Record(db, user, "search", "case", Guid.Empty, Purpose.Of(user));
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new Page<CaseSummary>(
                [.. rows.Take(limit).Select(file => CaseViews.Summary(file, catalogue))],
                rows.Count > limit ? Cursor.Write(user, rows[limit - 1].Id) : null));
        }, cancel);

    /// <summary>Opaque, and bound to its caller: handed to somebody else it opens nothing.</summary>
    private static class Cursor
    {
        private const int MarkSize = 8;

        public static string Write(ClaimsPrincipal user, Guid id) => Convert.ToHexStringLower([.. id.ToByteArray(bigEndian: true), .. Mark(user, id)]);

        public static Guid? Read(ClaimsPrincipal user, string cursor)
        {
            if (cursor.Length != 2 * (16 + MarkSize) || !cursor.All(char.IsAsciiHexDigitLower))
            {
                return null;
            }

            var bytes = Convert.FromHexString(cursor);
            var id = new Guid(bytes.AsSpan(0, 16), bigEndian: true);
            return bytes.AsSpan(16).SequenceEqual(Mark(user, id)) ? id : null;
        }

        private static ReadOnlySpan<byte> Mark(ClaimsPrincipal user, Guid id) =>
            SHA256.HashData(Encoding.UTF8.GetBytes($"cases\n{user.Role()}\n{user.Subject()}\n{id}")).AsSpan(0, MarkSize);
    }
}
