using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Intake.Documents.Uploads;

/// <summary>Where an upload stands.</summary>
internal enum UploadState
{
    /// <summary>Bytes are awaited.</summary>
    Receiving,

    /// <summary>All came, and it is a document of the case now.</summary>
    Accepted,

    /// <summary>All came, and it is no document: <c>refusalCode</c> says why.</summary>
    Refused,
}

/// <summary>What of <c>document_upload</c> is sealed, each for its row.</summary>
internal static class UploadColumns
{
    public static readonly SealedPlace Name = new("document_upload", "sealed_name");
    public static readonly SealedPlace Key = new("document_upload", "sealed_key");
    public static readonly SealedPlace Metadata = new("document_upload", "sealed_metadata");
}

/// <summary>An upload as stored.</summary>
internal sealed record UploadRow(
    Guid Id, Guid CaseId, Word<UploadState> State, string TypeCode, DateOnly? DocumentDate, long SizeBytes, long ReceivedBytes, string? Sha256,
    byte[] SealedName, byte[] SealedKey, byte[] SealedMetadata, string? RefusalCode, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public bool IsOver => State != UploadState.Receiving;

    public bool IsAllThere => ReceivedBytes == SizeBytes;

    public static Task<UploadRow?> Find(NpgsqlConnection db, Guid caseId, Guid id) => db.QuerySingleOrDefaultAsync<UploadRow>(
        """
        select id, case_id, state, type_code, document_date, size_bytes, received_bytes, sha256, sealed_name, sealed_key, sealed_metadata, refusal_code,
          created_at, expires_at
        from document_upload
        where id = @id and case_id = @caseId
        """, new { caseId, id });

    /// <summary>What is safe on the disk now; the upload and its room are kept as long as it goes on.</summary>
    public static Task Received(NpgsqlConnection db, Guid id, long bytes, DateTimeOffset expires) => db.ExecuteAsync(
        """
        update document_upload set received_bytes = @bytes, expires_at = @expires where id = @id and state = 'receiving';
        update upload_reservation set expires_at = @expires where document_id = @id
        """, new { id, bytes, expires });
}
