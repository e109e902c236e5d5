using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Documents;

/// <summary>
/// Room for a document is promised before its first byte is read: within what one case and one person may keep, and above the floor of free space of the
/// volume. A full disk would take everything down; a refused upload takes nothing.
/// </summary>
internal static class Room
{
    /// <param name="bytes">As announced; without a length, the most that one document may have.</param>
    public static Task<Problem?> Reserve(
        NpgsqlDataSource dataSource, DocumentOptions options, DocumentStore store, Guid documentId, Guid caseId, long bytes, DateTimeOffset now,
        CancellationToken cancel, DateTimeOffset? expires = null) =>
        dataSource.InTransaction<Problem?>(async db =>
        {
            var patient = await db.ExecuteScalarAsync<Guid>("select patient_id from case_file where id = @caseId", new { caseId });
            // One promise at a time, so that two uploads at once are both counted; it lasts a few milliseconds.
            await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('upload room', 0))");
            var (ofCase, ofPerson, inFlight) = await db.QuerySingleAsync<(long, long, long)>(
                """
                with used as (
                  select d.case_id, d.size_bytes + coalesce(d.rendition_size, 0) as bytes, false as in_flight
                      from document d join case_file c on c.id = d.case_id where c.patient_id = @patient
                  union all
                  select r.case_id, r.bytes, true from upload_reservation r join case_file c on c.id = r.case_id
                      where c.patient_id = @patient and r.expires_at > @now
                )
                select coalesce(sum(bytes) filter (where case_id = @caseId), 0)::bigint,
                       coalesce(sum(bytes), 0)::bigint,
                       (select coalesce(sum(bytes), 0)::bigint from upload_reservation where expires_at > @now)
                from used
                """,
                new { caseId, patient, now });
            if (store.FreeBytes() - inFlight - bytes < options.FreeFloorBytes)
            {
                return Problems.NoRoom();
            }

            if (ofCase + bytes > options.MaxBytesPerCase)
            {
                return Problems.CaseHolds(ofCase, options.MaxBytesPerCase);
            }

            if (ofPerson + bytes > options.MaxBytesPerPerson)
            {
                return Problems.PersonHolds(ofPerson, options.MaxBytesPerPerson);
            }

            await db.ExecuteAsync(
                "insert into upload_reservation (document_id, case_id, bytes, expires_at) values (@documentId, @caseId, @bytes, @Expires)",
                new { documentId, caseId, bytes, Expires = expires ?? now + options.OrphanAge });
            return null;
        }, cancel);

    public static async Task GiveBack(NpgsqlDataSource dataSource, Guid documentId)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        await db.ExecuteAsync("delete from upload_reservation where document_id = @documentId", new { documentId });
    }
}
