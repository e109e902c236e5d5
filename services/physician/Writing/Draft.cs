using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Physician.Writing;

/// <summary>What the physician is writing, encrypted at rest. Its version only ever grows, signing included.</summary>
/// <param name="Version">0 while nothing was ever written.</param>
/// <param name="Content">Null when there is nothing to sign.</param>
internal sealed record Draft(int Version, OpinionContent? Content, DateTimeOffset? SavedAt)
{
    internal static readonly JsonSerializerOptions Json =
        new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };
    internal static readonly SealedPlace Place = new("opinion_draft", "content");

    /// <summary>What this physician has written; the words of one who was replaced are nobody's.</summary>
    public static async Task<Draft> Read(NpgsqlConnection db, Keyring keyring, Guid caseId, Guid physicianId)
    {
        var row = await db.QuerySingleOrDefaultAsync<Row>(
            "select version, case when physician_id = @physicianId then content end as content, saved_at from opinion_draft where case_id = @caseId",
            new { caseId, physicianId });
        return row switch
        {
            null => new Draft(0, null, null),
            { Content: null } => new Draft(row.Version, null, row.SavedAt),
            _ => new Draft(row.Version, await Open(db, keyring, caseId, row.Content), row.SavedAt),
        };
    }

    /// <returns>The new version, or null when <paramref name="expected"/> is no longer the present one.</returns>
    public static async Task<int?> Save(
        NpgsqlConnection db, Keyring keyring, Guid caseId, Guid physicianId, int expected, OpinionContent content, DateTimeOffset now)
    {
        using var key = await CaseKey.OfOrNew(db, keyring, caseId);
        var box = key.Seal(Place, content, Json);
        return await db.ExecuteScalarAsync<int?>(
            """
            insert into opinion_draft (case_id, physician_id, version, content, saved_at)
            values (@caseId, @physicianId, 1, @box, @now)
            on conflict (case_id) do update
            set physician_id = excluded.physician_id, version = opinion_draft.version + 1, content = excluded.content, saved_at = excluded.saved_at
            where opinion_draft.version = @expected
            returning version
            """,
            new { caseId, physicianId, expected, box, now });
    }

    /// <summary>Empties the draft that was signed; false when it has changed since.</summary>
    public static async Task<bool> Clear(NpgsqlConnection db, Guid caseId, int version, DateTimeOffset now) => await db.ExecuteAsync(
        """
        update opinion_draft
        set content = null, version = version + 1, saved_at = @now
        where case_id = @caseId and version = @version and content is not null
        """,
        new { caseId, version, now }) > 0;

    private static async Task<OpinionContent> Open(NpgsqlConnection db, Keyring keyring, Guid caseId, byte[] content)
    {
        using var key = await CaseKey.Of(db, keyring, caseId);
        return key.Open<OpinionContent>(Place, content, Json);
    }

    private sealed record Row(int Version, byte[]? Content, DateTimeOffset SavedAt);
}
