using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents.Recognition;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Documents;

/// <summary>What both ways of uploading end in: a stored file is judged by its content, and what is accepted becomes a document of the case.</summary>
internal sealed class Admission(DocumentStore store, DocumentOptions options, Keyring keyring, TimeProvider time)
{
    /// <summary>Letters of a file's name.</summary>
    public const int LongestName = 200;

    private static readonly SemaphoreSlim Recognitions = new(Math.Max(2, Environment.ProcessorCount));

    /// <param name="Type">Code of the catalogue's documents.</param>
    /// <param name="FileName">Cleaned.</param>
    /// <param name="Date">Of the document itself, as the person says.</param>
    internal sealed record Asked(string Type, string FileName, DateOnly? Date);

    /// <param name="Shown">Null when the whole file is.</param>
    /// <param name="Size">Bytes of what is shown.</param>
    /// <param name="Sha256">Of what is shown.</param>
    internal sealed record Received(StoredFile Stored, Recognised.Accepted Kind, Shown? Shown, long Size, string Sha256);

    public static bool TryDate(string? text, out DateOnly? date)
    {
        date = null;
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        var isDate = DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var on);
        date = on;
        return isDate;
    }

    public async Task<Result<Received>> Judge(StoredFile stored)
    {
        // Read back through the seal: what is recognised is what was stored. A few at a time: it is the costly part of an upload.
        using var file = store.Open(stored.Id, stored.Key);
        Recognised recognised;
        Received? received;
        await Recognitions.WaitAsync();
        try
        {
            (recognised, received) = await Task.Run(() => Look(file, stored), CancellationToken.None);
        }
        finally
        {
            Recognitions.Release();
        }

        return recognised switch
        {
            Recognised.Accepted => received!,
            Recognised.Empty => Problems.NoByte(),
            Recognised.Damaged damaged => Problems.Damaged(damaged.MediaType, damaged.Where),
            Recognised.Locked => Problems.NeedsPassword(),
            Recognised.IndexOnly => Problems.OnlyIndex(),
            Recognised.Disguised disguised => Problems.Disguised(disguised.Found),
            _ => Problems.UnknownKind(),
        };
    }

    private static (Recognised, Received?) Look(Stream file, StoredFile stored)
    {
        var recognised = FileKind.Of(file);
        if (recognised is not Recognised.Accepted accepted)
        {
            return (recognised, null);
        }

        if (Photograph.Clean(file, accepted.MediaType) is not { } shown)
        {
            return (recognised, new Received(stored, accepted, null, stored.Size, stored.Sha256));
        }

        using var seen = shown.Of(file);
        return (recognised, new Received(stored, accepted, shown, seen.Length, Convert.ToHexStringLower(SHA256.HashData(seen))));
    }

    /// <summary>On the open transaction; the case is locked.</summary>
    public async Task<Result<CaseDocumentView>> Insert(NpgsqlConnection db, Guid id, Asked asked, Received received, ClaimsPrincipal user)
    {
        var (stored, now) = (received.Stored, time.GetUtcNow());
        if (await CaseRows.OwnLocked(db, user, id) is not { } file)
        {
            return CommonProblems.Absent();
        }

        if (!CaseLife.TakesDocuments(file.State.Value))
        {
            return Problems.CaseIs(file.State.Value);
        }

        if (await db.ExecuteScalarAsync<int>("select count(*) from document where case_id = @id", new { id }) >= options.MaxPerCase)
        {
            return Problems.HoldsAlready(options.MaxPerCase);
        }

        await Audit.Record(db, user, "write", "document", stored.Id, Purpose.Of(user));
        var twin = await db.ExecuteScalarAsync<Guid?>(
            "select id from document where case_id = @id and sha256 = @Sha256 order by id limit 1", new { id, stored.Sha256 });
        using var key = await CaseKey.Of(db, keyring, id);
        await db.ExecuteAsync(
            """
            insert into document (
              id, case_id, type_code, document_date, media_type, size_bytes, sha256, active_content, shown_ranges, shown_orientation, shown_size,
              shown_sha256, sealed_name, sealed_key, uploaded_at)
            values (
              @Id, @CaseId, @Type, @Date, @MediaType, @Size, @Sha256, @ActiveContent, @Ranges, @Orientation, @ShownSize, @ShownSha256,
              @Name, @Key, @now);
            update case_file set version = version + 1 where id = @CaseId
            """,
            new
            {
                stored.Id,
                CaseId = id,
                asked.Type,
                asked.Date,
                received.Kind.MediaType,
                received.Kind.ActiveContent,
                received.Shown?.Ranges,
                Orientation = received.Shown?.Orientation ?? 1,
                ShownSize = received.Shown is null ? null : (long?)received.Size,
                ShownSha256 = received.Shown is null ? null : received.Sha256,
                stored.Size,
                stored.Sha256,
                Name = key.Seal(DocumentColumns.Name.Of(stored.Id), asked.FileName),
                Key = key.SealBytes(DocumentColumns.Key.Of(stored.Id), stored.Key),
                now,
            });
        return new CaseDocumentView(
            stored.Id, asked.Type, asked.FileName, received.Kind.MediaType, received.Size, received.Sha256, now, received.Kind.ActiveContent, asked.Date, twin);
    }
}
