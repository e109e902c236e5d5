using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using Dapper;
using Microsoft.AspNetCore.Http.Features;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Documents.Uploads;

/// <summary>
/// Takes the pieces of uploads. Bytes are hashed and sealed as they come, a few hundred kilobytes at a time; every <see cref="SafeEvery"/> bytes, and when a
/// line breaks, what is here is on the disk and confirmed. Whoever completes a file judges it; should the process die meanwhile, the next question does.
/// </summary>
internal sealed class UploadDesk(
    NpgsqlDataSource dataSource, DocumentStore store, DocumentOptions options, Keyring keyring, Admission admission, TimeProvider time) : IDisposable
{
    private const long SafeEvery = 32L << 20;
    private const int BufferSize = 256 * 1024;
    private const int MostHashes = 500;

    /// <summary>Hashes of uploads under way, as far as they have come; one that is not here is made anew from the file at the end.</summary>
    private readonly ConcurrentDictionary<Guid, Running> _hashes = new();

    private sealed record Running(long At, IncrementalHash Hash);

    /// <returns>Null when the piece was taken, and, was it the last, the document too.</returns>
    public async Task<Problem?> Append(Guid caseId, Guid uploadId, long offset, ClaimsPrincipal user, HttpContext http)
    {
        if (!await Owned(caseId, uploadId, user))
        {
            return CommonProblems.Absent();
        }

        using var turn = store.TurnOf(uploadId);
        if (turn is null)
        {
            return Problems.UploadArriving();
        }

        if (await Find(caseId, uploadId) is not { } upload)
        {
            return CommonProblems.Absent();
        }

        if (upload.State == UploadState.Refused)
        {
            return Problems.UploadEnded(upload.RefusalCode!);
        }

        if (offset != upload.ReceivedBytes)
        {
            Tus.Tell(http.Response, upload.ReceivedBytes, upload.ExpiresAt);
            return Problems.GoOnFrom(upload.ReceivedBytes);
        }

        if (upload.SizeBytes - offset < http.Request.ContentLength)
        {
            return Problems.LargerThan(upload.SizeBytes);
        }

        if (!TryChecksum(http.Request, out var checksum, out var expected))
        {
            return CommonProblems.Invalid(new FieldError("#/Upload-Checksum", "wrong_form", "Indiquez « sha1 » ou « sha256 », puis l'empreinte en base64."));
        }

        using (checksum)
        {
            http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
            if (!upload.IsOver && await Receive(upload, http, checksum, expected) is { } problem)
            {
                return problem;
            }
        }

        upload = (await Find(caseId, uploadId))!;
        var judged = upload is { IsOver: false, IsAllThere: true } ? await Finish(upload, user) : null;
        Tus.Tell(http.Response, upload.ReceivedBytes, upload.ExpiresAt);
        return judged;
    }

    /// <summary>Where it stands, as headers. A file that is all here and was not judged yet is judged now.</summary>
    public async Task<Problem?> Tell(Guid caseId, Guid uploadId, ClaimsPrincipal user, HttpContext http)
    {
        if (!await Owned(caseId, uploadId, user) || await Find(caseId, uploadId) is not { } upload)
        {
            return CommonProblems.Absent();
        }

        if (upload is { IsOver: false, IsAllThere: true })
        {
            using var turn = store.TurnOf(uploadId);
            if (turn is null)
            {
                return Problems.UploadArriving();
            }

            if (await Find(caseId, uploadId) is { IsOver: false } waiting && await Finish(waiting, user) is { } refusal)
            {
                return refusal;
            }

            upload = (await Find(caseId, uploadId))!;
        }

        if (upload.State == UploadState.Refused)
        {
            return Problems.UploadEnded(upload.RefusalCode!);
        }

        Tus.Tell(http.Response, upload.ReceivedBytes, upload.ExpiresAt);
        http.Response.Headers[Tus.Length] = upload.SizeBytes.ToString(System.Globalization.CultureInfo.InvariantCulture);
        http.Response.Headers[Tus.MetadataName] = await Opened(upload, key => key.Open<string>(UploadColumns.Metadata.Of(upload.Id), upload.SealedMetadata));
        return null;
    }

    public void Dispose()
    {
        foreach (var id in _hashes.Keys)
        {
            if (_hashes.TryRemove(id, out var running))
            {
                running.Hash.Dispose();
            }
        }
    }

    private async Task<Problem?> Receive(UploadRow upload, HttpContext http, IncrementalHash? checksum, byte[] expected)
    {
        var key = await Opened(upload, k => k.OpenBytes(UploadColumns.Key.Of(upload.Id), upload.SealedKey));
        var part = await UploadFile.GoOn(store.PartOf(upload.Id), key, upload.Id, upload.ReceivedBytes, CancellationToken.None);
        var hash = TakeHash(upload);
        try
        {
            if (part.Length < upload.ReceivedBytes)
            {
                // A crash tore the last chunk: it is sent again.
                await part.Keep(CancellationToken.None);
                await Save(upload.Id, part.Length);
                Tus.Tell(http.Response, part.Length, null);
                return Problems.GoOnFrom(part.Length);
            }

            Exception? broken = null;
            var buffer = new byte[BufferSize];
            var safe = part.Length;
            while (part.Length < upload.SizeBytes)
            {
                var size = 0;
                try
                {
                    // Byte by byte, so that what came before a break is kept.
                    var most = (int)Math.Min(buffer.Length, upload.SizeBytes - part.Length);
                    int read;
                    while (size < most && (read = await http.Request.Body.ReadAsync(buffer.AsMemory(size, most - size), http.RequestAborted)) > 0)
                    {
                        size += read;
                    }
                }
                catch (Exception exception) when (exception is IOException or OperationCanceledException or BadHttpRequestException)
                {
                    broken = exception;
                }

                if (size > 0)
                {
                    var hashed = Task.Run(() => Hash(hash, checksum, buffer.AsSpan(0, size)), CancellationToken.None);
                    await part.Write(buffer.AsMemory(0, size), CancellationToken.None);
                    await hashed;
                }

                if (broken is not null || size == 0)
                {
                    break;
                }

                if (checksum is null && part.Length - safe >= SafeEvery)
                {
                    safe = part.Length;
                    part = await KeepAndGoOn(part, upload, key);
                }
            }

            var isTooMuch = broken is null && part.Length == upload.SizeBytes && await HasMore(http);
            var isOther = checksum is not null && (broken is not null || !checksum.GetHashAndReset().AsSpan().SequenceEqual(expected));
            if (isTooMuch || isOther)
            {
                // Not one byte of the piece is taken: the file goes back to where it stood.
                await part.DisposeAsync();
                part = await UploadFile.GoOn(store.PartOf(upload.Id), key, upload.Id, upload.ReceivedBytes, CancellationToken.None);
                await part.Keep(CancellationToken.None);
                hash?.Dispose();
                return isTooMuch ? Problems.LargerThan(upload.SizeBytes) : broken is null ? Problems.OtherChecksum() : throw broken;
            }

            await part.Keep(CancellationToken.None);
            KeepHash(upload.Id, part.Length, hash);
            await Save(upload.Id, part.Length);
            return broken is null ? null : throw broken;
        }
        finally
        {
            await part.DisposeAsync();
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private async Task<UploadFile> KeepAndGoOn(UploadFile part, UploadRow upload, byte[] key)
    {
        await part.Keep(CancellationToken.None);
        await Save(upload.Id, part.Length);
        await part.DisposeAsync();
        return await UploadFile.GoOn(store.PartOf(upload.Id), key, upload.Id, part.Length, CancellationToken.None);
    }

    /// <summary>All is here: the file is closed, judged, and becomes a document or nothing.</summary>
    private async Task<Problem?> Finish(UploadRow upload, ClaimsPrincipal user)
    {
        var key = await Opened(upload, k => k.OpenBytes(UploadColumns.Key.Of(upload.Id), upload.SealedKey));
        if (store.HasPart(upload.Id))
        {
            var there = await UploadFile.Complete(store.PartOf(upload.Id), key, upload.Id, upload.SizeBytes, CancellationToken.None);
            if (there < upload.SizeBytes)
            {
                await Save(upload.Id, there);
                return Problems.GoOnFrom(there);
            }

            store.Take(upload.Id);
        }

        var stored = new StoredFile(upload.Id, key, upload.SizeBytes, await HashOf(upload, key));
        var name = await Opened(upload, k => k.Open<string>(UploadColumns.Name.Of(upload.Id), upload.SealedName));
        Problem? refusal = upload.Sha256 is { } announced && announced != stored.Sha256 ? Problems.NotAsAnnounced() : null;
        if (refusal is null && (await admission.Judge(stored)).TryGet(out var received, out refusal))
        {
            var asked = new Admission.Asked(upload.TypeCode, name, upload.DocumentDate);
            refusal = await dataSource.InTransaction<Problem?>(async db =>
            {
                if (!(await admission.Insert(db, upload.CaseId, asked, received, user)).TryGet(out _, out var problem))
                {
                    return problem;
                }

                await db.ExecuteAsync("update document_upload set state = 'accepted' where id = @Id", new { upload.Id });
                return null;
            }, CancellationToken.None);
        }

        if (refusal is { Type.Status: >= StatusCodes.Status500InternalServerError })
        {
            // Not the file's fault: it stays, and the next question has it judged again.
            return refusal;
        }

        if (refusal is not null)
        {
            await using var db = await dataSource.OpenConnectionAsync();
            await db.ExecuteAsync(
                "update document_upload set state = 'refused', refusal_code = @Code where id = @Id", new { upload.Id, refusal.Type.Code });
            store.Delete(upload.Id);
        }

        await Room.GiveBack(dataSource, upload.Id);
        return refusal;
    }

    private async Task<string> HashOf(UploadRow upload, byte[] key)
    {
        if (_hashes.TryRemove(upload.Id, out var running) && running.At == upload.SizeBytes)
        {
            using var whole = running.Hash;
            return Convert.ToHexStringLower(whole.GetHashAndReset());
        }

        await using var file = store.Open(upload.Id, key);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }

    /// <summary>Null when it was not fed from the first byte on.</summary>
    private IncrementalHash? TakeHash(UploadRow upload)
    {
        if (_hashes.TryRemove(upload.Id, out var running) && running.At == upload.ReceivedBytes)
        {
            return running.Hash;
        }

        running?.Hash.Dispose();
        return upload.ReceivedBytes == 0 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
    }

    private void KeepHash(Guid id, long at, IncrementalHash? hash)
    {
        if (hash is not null && (_hashes.Count >= MostHashes || !_hashes.TryAdd(id, new Running(at, hash))))
        {
            hash.Dispose();
        }
    }

    private async Task Save(Guid id, long bytes)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        await UploadRow.Received(db, id, bytes, time.GetUtcNow() + options.UploadLife);
    }

    private async Task<UploadRow?> Find(Guid caseId, Guid uploadId)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        return await UploadRow.Find(db, caseId, uploadId);
    }

    private async Task<bool> Owned(Guid caseId, Guid uploadId, ClaimsPrincipal user)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        return await CaseRows.Own(db, user, caseId) is not null && await UploadRow.Find(db, caseId, uploadId) is not null;
    }

    private async Task<T> Opened<T>(UploadRow upload, Func<CaseKey, T> open)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        using var key = await CaseKey.Of(db, keyring, upload.CaseId);
        return open(key);
    }

    private static void Hash(IncrementalHash? hash, IncrementalHash? checksum, ReadOnlySpan<byte> data)
    {
        hash?.AppendData(data);
        checksum?.AppendData(data);
    }

    private static async Task<bool> HasMore(HttpContext http) => await http.Request.Body.ReadAsync(new byte[1], http.RequestAborted) > 0;

    private static bool TryChecksum(HttpRequest request, out IncrementalHash? checksum, out byte[] expected)
    {
        (checksum, expected) = (null, []);
        if (!request.Headers.TryGetValue(Tus.Checksum, out var header))
        {
            return true;
        }

        var parts = header.ToString().Split(' ');
        var algorithm = parts[0] switch { "sha1" => HashAlgorithmName.SHA1, "sha256" => HashAlgorithmName.SHA256, _ => default };
        expected = new byte[64];
        if (algorithm.Name is null || parts.Length != 2 || !Convert.TryFromBase64String(parts[1], expected, out var length))
        {
            return false;
        }

        expected = expected[..length];
        checksum = IncrementalHash.CreateHash(algorithm);
        return true;
    }
}
