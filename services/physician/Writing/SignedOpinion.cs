using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.Physician.Encryption;

namespace SecondOpinion.Physician.Writing;

/// <summary>A signed version of an opinion. The database refuses any change to it.</summary>
internal sealed record SignedOpinion(
    Guid OpinionId, Guid CaseId, Guid PhysicianId, int Version, DateTime SignedAt, byte[] Content, byte[] Pdf, string Sha256, long SizeBytes)
{
    /// <param name="version">0 for the latest.</param>
    public static Task<SignedOpinion?> Find(NpgsqlConnection db, Guid caseId, int version = 0) => db.QuerySingleOrDefaultAsync<SignedOpinion>(
        """
        select o.opinion_id, o.case_id, o.physician_id, v.version, v.signed_at, v.content, v.pdf, v.sha256, v.size_bytes
        from opinion o
        join opinion_version v using (opinion_id)
        where o.case_id = @caseId and (@version = 0 or v.version = @version)
        order by v.version desc
        limit 1
        """,
        new { caseId, version });

    /// <exception cref="PostgresException">The version exists already: somebody signed at the same time.</exception>
    public static async Task Add(NpgsqlConnection db, CaseKeys keys, Guid caseId, Guid physicianId, OpinionToSign opinion, byte[] pdf, string sha256)
    {
        var cipher = await keys.For(db, caseId);
        await db.ExecuteAsync(
            """
            insert into opinion (opinion_id, case_id, physician_id) values (@OpinionId, @caseId, @physicianId) on conflict (case_id) do nothing;
            insert into opinion_version (opinion_id, version, signed_at, content, pdf, sha256, size_bytes)
            values (@OpinionId, @Version, @SignedAt, @Content, @Pdf, @sha256, @Size)
            """,
            new
            {
                opinion.OpinionId,
                caseId,
                physicianId,
                opinion.Version,
                opinion.SignedAt,
                Content = cipher.Encrypt(Place("content", opinion.Version), JsonSerializer.SerializeToUtf8Bytes(opinion.Content, Draft.Json)),
                Pdf = cipher.Encrypt(Place("pdf", opinion.Version), pdf),
                sha256,
                Size = (long)pdf.Length,
            });
    }

    public async Task<OpinionContent> ReadContent(NpgsqlConnection db, CaseKeys keys) =>
        JsonSerializer.Deserialize<OpinionContent>((await keys.Find(db, CaseId))!.Decrypt(Place("content", Version), Content), Draft.Json)!;

    public async Task<byte[]> ReadPdf(NpgsqlConnection db, CaseKeys keys) => (await keys.Find(db, CaseId))!.Decrypt(Place("pdf", Version), Pdf);

    private static string Place(string column, int version) => $"opinion_version|{column}|{version}";
}
