using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Physician.Writing;

/// <summary>A signed version of an opinion. The database refuses any change to it.</summary>
internal sealed record SignedOpinion(
    Guid OpinionId, Guid CaseId, Guid PhysicianId, int Version, DateTimeOffset SignedAt, byte[] Content, byte[] Pdf, string Sha256, long SizeBytes)
{
    // Signed opinions cannot be sealed anew: those signed before all services wrote places alike stay readable as they are.
    internal static readonly SealedPlace ContentPlace = new SealedPlace("opinion_version", "content")
        .Once((version, caseId) => $"opinion_version|content|{version}|{caseId}");
    internal static readonly SealedPlace PdfPlace = new SealedPlace("opinion_version", "pdf")
        .Once((version, caseId) => $"opinion_version|pdf|{version}|{caseId}");

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
    public static async Task Add(NpgsqlConnection db, Keyring keyring, Guid caseId, Guid physicianId, OpinionToSign opinion, byte[] pdf, string sha256)
    {
        using var key = await CaseKey.OfOrNew(db, keyring, caseId);
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
                Content = key.Seal(ContentPlace.Of(opinion.Version), opinion.Content, Draft.Json),
                Pdf = key.SealBytes(PdfPlace.Of(opinion.Version), pdf),
                sha256,
                Size = (long)pdf.Length,
            });
    }

    public async Task<OpinionContent> ReadContent(NpgsqlConnection db, Keyring keyring)
    {
        using var key = await CaseKey.Of(db, keyring, CaseId);
        return key.Open<OpinionContent>(ContentPlace.Of(Version), Content, Draft.Json);
    }

    public async Task<byte[]> ReadPdf(NpgsqlConnection db, Keyring keyring)
    {
        using var key = await CaseKey.Of(db, keyring, CaseId);
        return key.OpenBytes(PdfPlace.Of(Version), Pdf);
    }
}
