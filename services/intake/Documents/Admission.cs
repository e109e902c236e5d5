using System.Globalization;
using System.IO.Pipelines;
using System.Security.Claims;
using System.Security.Cryptography;
using Dapper;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Documents.Pictures;
using SecondOpinion.Intake.Documents.Recognition;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Documents;

/// <summary>What both ways of uploading end in: a stored file is judged by its content, and what is accepted becomes a document of the case.</summary>
internal sealed class Admission(DocumentStore store, DocumentOptions options, PictureReader pictures, MalwareScan scan, Keyring keyring, TimeProvider time)
{
    /// <summary>Letters of a file's name.</summary>
    public const int LongestName = 200;

    /// <summary>How many files are looked into at a time: a hundred hostile ones must not cost a hundred times the memory of one.</summary>
    internal static readonly SemaphoreSlim Recognitions = new(Math.Max(2, Environment.ProcessorCount));

    /// <param name="Type">Code of the catalogue's documents.</param>
    /// <param name="FileName">Cleaned.</param>
    /// <param name="Date">Of the document itself, as the person says.</param>
    internal sealed record Asked(string Type, string FileName, DateOnly? Date);

    /// <param name="Shown">Ranges of the stored file; null when the whole file is shown.</param>
    /// <param name="Size">Bytes of what is shown.</param>
    /// <param name="Sha256">Of what is shown.</param>
    /// <param name="Rendition">What is shown in place of the stored file; null when that is.</param>
    /// <param name="Preview">A small picture of it.</param>
    internal sealed record Received(
        StoredFile Stored, Recognised.Accepted Kind, Shown? Shown, long Size, string Sha256, Rendition? Rendition = null, StoredFile? Preview = null,
        PictureFacts? Picture = null);

    /// <param name="MediaType">Of what is shown.</param>
    internal sealed record Rendition(StoredFile File, string MediaType);

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
        switch (await scan.Ask(stored.Id, file))
        {
            case MalwareScan.Verdict.Found:
                return Problems.Infected();
            case MalwareScan.Verdict.Silent:
                return CommonProblems.Away();
        }

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
            Recognised.Picture picture => await Picture(stored, picture.MediaType),
            Recognised.Accepted { Disc: { } disc } accepted => await Disc(stored, accepted, disc),
            Recognised.Accepted => received!,
            Recognised.Empty => Problems.NoByte(),
            Recognised.Damaged damaged => Problems.Damaged(damaged.MediaType, damaged.Where),
            Recognised.Locked => Problems.NeedsPassword(),
            Recognised.IndexOnly => Problems.OnlyIndex(),
            Recognised.Disguised disguised => Problems.Disguised(disguised.Found),
            Recognised.Unsafe harmful => Problems.Harmful(harmful.Code, harmful.Sentence),
            _ => Problems.UnknownKind(),
        };
    }

    /// <summary>Whether it is a picture its points tell, decoded apart from this process; a kind that few programs open is shown as one that all do.</summary>
    private async Task<Result<Received>> Picture(StoredFile stored, string mediaType)
    {
        StoredFile? shown = null;
        StoredFile? preview = null;
        var isTaken = false;
        try
        {
            await using var file = store.Open(stored.Id, stored.Key);
            PictureReader.Decoded decoded;
            await Recognitions.WaitAsync();
            try
            {
                decoded = await pictures.Read(file, mediaType, async picture =>
                    shown = await store.Write(stored.Id, picture, options.MaxUploadBytes, CancellationToken.None, DocumentPart.Shown));
            }
            finally
            {
                Recognitions.Release();
            }

            // A size is believed only of a picture that holds together.
            if (decoded.Facts.Verdict is not ("decoded" or "too_large") || Stripped(file, mediaType) is not { } ranges)
            {
                return Problems.Damaged(mediaType, "L'image est coupée ou abîmée.");
            }

            if (decoded.Facts.Verdict == "too_large")
            {
                return Problems.PictureTooLarge();
            }

            preview = decoded.Preview is null
                ? null
                : await store.Write(stored.Id, new MemoryStream(decoded.Preview), options.MaxBytes, CancellationToken.None, DocumentPart.Preview);
            isTaken = true;
            var kind = new Recognised.Accepted(mediaType);
            if (shown is not null)
            {
                var type = decoded.Facts.Pages > 1 ? FileKind.Pdf : FileKind.Jpeg;
                return new Received(stored, kind, null, shown.Size, shown.Sha256, new Rendition(shown, type), preview, decoded.Facts);
            }

            using var seen = ranges.Shown?.Of(file);
            return new Received(stored, kind, ranges.Shown, seen?.Length ?? stored.Size,
                seen is null ? stored.Sha256 : Convert.ToHexStringLower(SHA256.HashData(seen)), null, preview, decoded.Facts);
        }
        finally
        {
            if (!isTaken)
            {
                store.DeleteParts(stored.Id);
            }
        }
    }

    /// <returns>Null when it cannot be told what of the file the camera wrote about it.</returns>
    private static (Shown? Shown, bool _)? Stripped(Stream file, string mediaType) => mediaType is not (FileKind.Jpeg or FileKind.Png) ? (null, true)
        : Photograph.IsTold(file, mediaType) ? (Photograph.Clean(file, mediaType), true)
        : null;

    private async Task<Result<Received>> Disc(StoredFile stored, Recognised.Accepted kind, Disc disc)
    {
        if (store.FreeBytes() - disc.Images.Sum(i => i.Entry.Packed) < options.FreeFloorBytes)
        {
            return Problems.NoRoom();
        }

        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19));
        using var file = store.Open(stored.Id, stored.Key);
        var making = Task.Run(async () =>
        {
            try
            {
                await ImageDisc.Write(file, disc, async bytes => await pipe.Writer.WriteAsync(bytes));
                await pipe.Writer.CompleteAsync();
            }
            catch (Exception exception)
            {
                // Thrown on the reading side.
                await pipe.Writer.CompleteAsync(exception);
            }
        });
        var shown = await store.Write(stored.Id, pipe.Reader.AsStream(), long.MaxValue, CancellationToken.None, DocumentPart.Shown);
        await making;
        return new Received(stored, kind, null, shown.Size, shown.Sha256, new Rendition(shown, FileKind.Disc));
    }

    private static (Recognised, Received?) Look(Stream file, StoredFile stored)
    {
        var recognised = FileKind.Of(file);
        if (recognised is not Recognised.Accepted accepted)
        {
            return (recognised, null);
        }

        return (recognised, new Received(stored, accepted, null, stored.Size, stored.Sha256));
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

        await AuditTrail.Record(db, user, "write", "document", stored.Id, Purpose.Of(user));
        var twin = await db.ExecuteScalarAsync<Guid?>(
            "select id from document where case_id = @id and sha256 = @Sha256 order by id limit 1", new { id, stored.Sha256 });
        using var key = await CaseKey.Of(db, keyring, id);
        var facts = Content.FactsOf(received, key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).Patient);
        await db.ExecuteAsync(
            """
            insert into document (
              id, case_id, type_code, document_date, media_type, size_bytes, sha256, active_content, shown_ranges, shown_orientation, shown_size,
              shown_sha256, rendition_type, rendition_size, rendition_sha256, sealed_rendition_key, sealed_preview_key, sealed_facts, sealed_name, sealed_key,
              uploaded_at)
            values (
              @Id, @CaseId, @Type, @Date, @MediaType, @Size, @Sha256, @ActiveContent, @Ranges, @Orientation, @ShownSize, @ShownSha256,
              @RenditionType, @RenditionSize, @RenditionSha256, @RenditionKey, @PreviewKey, @Facts, @Name, @Key, @now);
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
                RenditionType = received.Rendition?.MediaType,
                RenditionSize = received.Rendition?.File.Size,
                RenditionSha256 = received.Rendition?.File.Sha256,
                RenditionKey = received.Rendition is { } rendition ? key.SealBytes(DocumentColumns.RenditionKey.Of(stored.Id), rendition.File.Key) : null,
                PreviewKey = received.Preview is { } preview ? key.SealBytes(DocumentColumns.PreviewKey.Of(stored.Id), preview.Key) : null,
                Facts = facts is null ? null : key.Seal(DocumentColumns.Facts.Of(stored.Id), facts),
                Name = key.Seal(DocumentColumns.Name.Of(stored.Id), asked.FileName),
                Key = key.SealBytes(DocumentColumns.Key.Of(stored.Id), stored.Key),
                now,
            });
        return new CaseDocumentView(
            stored.Id, asked.Type, asked.FileName, received.Kind.MediaType, received.Size, received.Sha256, now, received.Kind.ActiveContent, asked.Date, twin,
            received.Rendition?.MediaType ?? received.Kind.MediaType, received.Preview is not null, facts);
    }
}
