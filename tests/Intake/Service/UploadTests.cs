using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SecondOpinion.Intake.Documents.Uploads;
using SecondOpinion.Tests.Intake.Documents;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>Uploads that may be interrupted, by tus 1.0: pieces, breaks, crashes, and what becomes of the whole.</summary>
public sealed class UploadTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    [Theory]
    [InlineData(1, null)]
    [InlineData(2, 3_000_000)]
    public async Task The_official_client_brings_a_file_through_a_line_that_is_cut_at_random_places(int seed, int? chunkSize)
    {
        var patient = Guid.CreateVersion7();
        var journey = intake.Patient(patient);
        var id = await journey.Open();
        var content = Scan(14_000_000);
        var file = Path.Combine(Directory.CreateTempSubdirectory("tus-").FullName, "irm.dcm");
        await File.WriteAllBytesAsync(file, content);

        var result = await Node(new
        {
            server = intake.Service.HttpAddress,
            path = $"/api/v1/cases/{id}/uploads",
            token = TestTokens.Patient(patient),
            file,
            metadata = new { filename = "irm.dcm", documentType = "mri", sha256 = Hash(content) },
            cuts = 5,
            seed,
            chunkSize,
        });

        result.TryGetProperty("error", out var error).ShouldBeFalse(error.ToString());
        // How many of the five the client meets depends on what it has sent by then.
        result.GetProperty("cuts").GetInt32().ShouldBeInRange(1, 5);
        result.GetProperty("offsets").EnumerateArray().Max(o => o.GetInt64()).ShouldBeGreaterThan(0, "it went on, it did not begin anew");
        var document = (await journey.Case(id)).GetProperty("documents")[0];
        (document.GetProperty("sha256").GetString(), document.GetProperty("mediaType").GetString()).ShouldBe((Hash(content), "application/dicom"));
        (await journey.Http.GetByteArrayAsync($"/api/v1/cases/{id}/documents/{document.GetProperty("documentId").GetGuid()}")).ShouldBe(content);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Pieces_of_any_lengths_and_hashes_that_were_forgotten_make_the_same_document(int seed)
    {
        var (journey, id) = await Draft();
        // Around the sizes of chunks and of what is confirmed at a time.
        var content = Scan((new[] { 65536 * 3, 65536 * 2 + 1, 700_001 })[seed - 1] - Scan(0).Length);
        var upload = await Create(journey, id, content.Length);
        var random = new Random(seed);
        for (var at = 0; at < content.Length;)
        {
            var length = Math.Min(random.Next(1, 90_000), content.Length - at);
            if (random.Next(3) == 0)
            {
                // Another instance, or this one after a restart, knows nothing of the hash so far.
                intake.Service.Services.GetRequiredService<UploadDesk>().Dispose();
            }

            (await Piece(journey, upload, at, content[at..(at + length)])).StatusCode.ShouldBe(HttpStatusCode.NoContent);
            at += length;
        }

        var document = (await journey.Case(id)).GetProperty("documents")[0];
        document.GetProperty("documentId").GetGuid().ShouldBe(Guid.Parse(upload.Split('/')[^1]));
        document.GetProperty("sha256").GetString().ShouldBe(Hash(content));
        (await journey.Http.GetByteArrayAsync($"/api/v1/cases/{id}/documents/{document.GetProperty("documentId").GetGuid()}")).ShouldBe(content);
        (await journey.Get(upload)).GetProperty("state").GetString().ShouldBe("accepted");
    }

    [Fact]
    public async Task The_first_piece_may_come_with_the_creation_and_every_answer_speaks_tus()
    {
        var (journey, id) = await Draft();
        var content = Scan(100_000);
        using var create = Creation(id, content.Length);
        create.Content = new ByteArrayContent(content[..40_000]);
        create.Content.Headers.ContentType = new MediaTypeHeaderValue(Tus.PieceType);

        var created = await journey.Http.SendAsync(create);

        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        Header(created, "Upload-Offset").ShouldBe("40000");
        DateTimeOffset.Parse(Header(created, "Upload-Expires"), CultureInfo.InvariantCulture).ShouldBeGreaterThan(intake.Time.GetUtcNow());
        var upload = created.Headers.Location!.ToString();
        var head = await Head(journey, upload);
        (Header(head, "Upload-Offset"), Header(head, "Upload-Length"), Header(head, "Tus-Resumable")).ShouldBe(("40000", $"{content.Length}", "1.0.0"));
        Header(head, "Upload-Metadata").ShouldContain("filename aXJtLmRjbQ==");
        head.Headers.CacheControl!.NoStore.ShouldBeTrue();

        using var options = await journey.Http.SendAsync(new HttpRequestMessage(HttpMethod.Options, $"/api/v1/cases/{id}/uploads"));
        Header(options, "Tus-Extension").ShouldBe("creation,creation-with-upload,expiration,checksum,termination");
        (Header(options, "Tus-Max-Size"), Header(options, "Tus-Version")).ShouldBe(($"{2L << 30}", "1.0.0"));

        var old = await journey.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, upload) { Headers = { { "Tus-Resumable", "0.2.2" } } });
        ((int)old.StatusCode, Header(old, "Tus-Version")).ShouldBe((412, "1.0.0"));
    }

    [Fact]
    public async Task A_wrong_offset_a_wrong_checksum_and_too_much_are_refused_and_nothing_of_them_is_taken()
    {
        var (journey, id) = await Draft();
        var content = Scan(200_000);
        var upload = await Create(journey, id, content.Length);
        (await Piece(journey, upload, 0, content[..100_000])).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        var off = await Piece(journey, upload, 5, content[5..]);
        (Header(off, "Upload-Offset"), await Journey.Problem(off)).ShouldBe(("100000", (409, "INT-0041", null)));
        (await Journey.Problem(await Piece(journey, upload, 100_000, new byte[50_000], "sha1 " + Convert.ToBase64String(new byte[20])))).Status.ShouldBe(460);
        (await Journey.Problem(await Piece(journey, upload, 100_000, [1], "crc32 AAAA"))).Status.ShouldBe(400);
        (await Journey.Problem(await Piece(journey, upload, 100_000, [.. content[100_000..], 1]))).Code.ShouldBe("INT-0006");
        Header(await Head(journey, upload), "Upload-Offset").ShouldBe("100000");

        var rest = content[100_000..];
        (await Piece(journey, upload, 100_000, rest, "sha256 " + Convert.ToBase64String(SHA256.HashData(rest)))).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await journey.Case(id)).GetProperty("documents")[0].GetProperty("sha256").GetString().ShouldBe(Hash(content));
    }

    [Fact]
    public async Task A_file_that_is_no_document_is_refused_with_its_last_piece_and_leaves_nothing()
    {
        var (journey, id) = await Draft();
        var upload = await Create(journey, id, 300);
        (await Journey.Problem(await Piece(journey, upload, 0, [.. "MZ"u8, .. new byte[298]]))).Code.ShouldBe("INT-0007");
        var status = await journey.Get(upload);
        (status.GetProperty("state").GetString(), status.GetProperty("refusalCode").GetString()).ShouldBe(("refused", "INT-0007"));
        (await Head(journey, upload)).StatusCode.ShouldBe(HttpStatusCode.Gone);
        Directory.EnumerateFiles(intake.DocumentsPath, $"{Guid.Parse(upload.Split('/')[^1]):N}.sealed*", SearchOption.AllDirectories)
            .ShouldAllBe(f => f.EndsWith(".lock", StringComparison.Ordinal));
        (await journey.Case(id)).GetProperty("documents").GetArrayLength().ShouldBe(0);
        (await intake.Sql<long>("select count(*) from upload_reservation where case_id = @id", new { id })).ShouldBe(0);
    }

    [Fact]
    public async Task A_file_that_changed_between_its_pieces_is_found_out_by_its_announced_hash()
    {
        var (journey, id) = await Draft();
        var content = Scan(50_000);
        var upload = await Create(journey, id, content.Length, sha256: Hash(content));
        var other = content.ToArray();
        other[^10] ^= 1;
        await Piece(journey, upload, 0, content[..30_000]);
        (await Journey.Problem(await Piece(journey, upload, 30_000, other[30_000..]))).ShouldBe((422, "INT-0005", "#/body content_changed"));
    }

    [Fact]
    public async Task A_crash_at_any_moment_loses_nothing_that_was_confirmed()
    {
        var (journey, id) = await Draft();
        var content = Scan(300_000);
        var upload = await Create(journey, id, content.Length);
        await Piece(journey, upload, 0, content[..150_000]);
        var part = Directory.EnumerateFiles(intake.DocumentsPath, $"{Guid.Parse(upload.Split('/')[^1]):N}.sealed.part", SearchOption.AllDirectories).Single();

        // Bytes that were written and not confirmed yet: dropped. A last chunk that was torn: asked for again.
        await Piece(journey, upload, 150_000, RandomNumberGenerator.GetBytes(50_000));
        await intake.Sql<object>("update document_upload set received_bytes = 150000 where case_id = @id; select null", new { id });
        (await Piece(journey, upload, 150_000, content[150_000..200_000])).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        using (var torn = new FileStream(part, FileMode.Open))
        {
            torn.SetLength(torn.Length - 10);
        }

        var back = await Piece(journey, upload, 200_000, content[200_000..]);
        back.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        var at = int.Parse(Header(back, "Upload-Offset"), CultureInfo.InvariantCulture);
        at.ShouldBe(200_000 / 65_536 * 65_536);
        (await Piece(journey, upload, at, content[at..])).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await journey.Case(id)).GetProperty("documents")[0].GetProperty("sha256").GetString().ShouldBe(Hash(content));
    }

    [Fact]
    public async Task A_file_that_was_whole_when_the_process_died_is_judged_by_the_next_question()
    {
        var (journey, id) = await Draft();
        var content = Scan(80_000);
        var upload = await Create(journey, id, content.Length);
        await Piece(journey, upload, 0, content);
        // As if the process had died before the row of the document was written.
        await intake.Sql<object>(
            """
            delete from document where case_id = @id;
            update document_upload set state = 'receiving' where case_id = @id;
            select null
            """, new { id });

        Header(await Head(journey, upload), "Upload-Offset").ShouldBe($"{content.Length}");
        (await journey.Case(id)).GetProperty("documents")[0].GetProperty("sha256").GetString().ShouldBe(Hash(content));
    }

    [Fact]
    public async Task An_upload_given_up_or_forgotten_leaves_nothing_and_a_stranger_sees_none()
    {
        var (journey, id) = await Draft();
        var upload = await Create(journey, id, 1_000_000);
        await Piece(journey, upload, 0, new byte[1000]);
        (await Head(intake.Patient(), upload)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Piece(intake.Patient(), upload, 1000, [1])).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        using var end = new HttpRequestMessage(HttpMethod.Delete, upload) { Headers = { { "Tus-Resumable", "1.0.0" } } };
        (await journey.Http.SendAsync(end)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await Head(journey, upload)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        var old = await Create(journey, id, 1_000_000);
        await Piece(journey, old, 0, new byte[1000]);
        await intake.Sql<object>("update document_upload set expires_at = @At; select null", new { At = intake.Time.GetUtcNow().AddSeconds(-1) });
        await intake.Service.Services.GetServices<IHostedService>().OfType<ExpireUploads>().Single().Expire(CancellationToken.None);
        (await Head(journey, old)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        Directory.EnumerateFiles(intake.DocumentsPath, "*.part", SearchOption.AllDirectories).ShouldBeEmpty();
        (await intake.Sql<long>("select count(*) from upload_reservation where case_id = @id", new { id })).ShouldBe(0);
    }

    [Theory]
    [InlineData("filename eA==", "#/Upload-Metadata/documentType unknown_code")]
    [InlineData("documentType bXJp", "#/Upload-Metadata/filename invalid_name")]
    [InlineData("filename ###", "#/Upload-Metadata wrong_form")]
    [InlineData("filename aXJtLmRjbQ==,documentType bXJp,documentDate MDEvMDIvMjAyNg==", "#/Upload-Metadata/documentDate wrong_form")]
    public async Task What_is_said_of_a_file_is_checked_before_its_first_byte(string metadata, string fault)
    {
        var (journey, id) = await Draft();
        using var create = Creation(id, 10);
        create.Headers.Remove("Upload-Metadata");
        create.Headers.TryAddWithoutValidation("Upload-Metadata", metadata);
        (await Journey.Problem(await journey.Http.SendAsync(create))).Field.ShouldBe(fault);
    }

    [Fact]
    public async Task Too_large_a_file_and_an_empty_one_are_refused_at_the_announcement()
    {
        var (journey, id) = await Draft();
        (await Journey.Problem(await journey.Http.SendAsync(Creation(id, (2L << 30) + 1)))).Code.ShouldBe("INT-0006");
        (await Journey.Problem(await journey.Http.SendAsync(Creation(id, 0)))).Code.ShouldBe("INT-0003");
    }

    [Fact]
    public async Task The_same_bytes_twice_are_marked_and_a_document_keeps_its_own_date()
    {
        var (journey, id) = await Draft();
        var content = Scan(1000);
        var first = await Create(journey, id, content.Length, date: "2025-11-30");
        await Piece(journey, first, 0, content);
        var second = await Create(journey, id, content.Length);
        await Piece(journey, second, 0, content);
        var documents = (await journey.Case(id)).GetProperty("documents").EnumerateArray().ToList();
        documents.Single(d => first.EndsWith(d.GetProperty("documentId").GetString()!, StringComparison.Ordinal))
            .GetProperty("documentDate").GetString().ShouldBe("2025-11-30");
        var twin = documents.Single(d => d.GetProperty("duplicateOf").ValueKind == JsonValueKind.String);
        twin.GetProperty("duplicateOf").GetGuid().ShouldBe(documents
            .Single(d => d.GetProperty("duplicateOf").ValueKind == JsonValueKind.Null).GetProperty("documentId").GetGuid());
    }

    /// <summary>A DICOM image with so many bytes of pixels, which no other test has.</summary>
    private static byte[] Scan(int pixels) =>
        DicomBuilder.Image(DicomBuilder.ExplicitLittleEndian, pixels: RandomNumberGenerator.GetBytes(pixels));

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string Header(HttpResponseMessage answer, string name) => string.Join(",", answer.Headers.GetValues(name));

    private async Task<(Journey Journey, Guid Id)> Draft()
    {
        var journey = intake.Patient();
        return (journey, await journey.Open());
    }

    private static HttpRequestMessage Creation(Guid id, long size, string? sha256 = null, string? date = null)
    {
        static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        var metadata = $"filename {Base64("irm.dcm")},documentType {Base64("mri")}"
            + (sha256 is null ? "" : $",sha256 {Base64(sha256)}") + (date is null ? "" : $",documentDate {Base64(date)}");
        return new HttpRequestMessage(HttpMethod.Post, $"/api/v1/cases/{id}/uploads")
        {
            Headers =
            {
                { "Tus-Resumable", "1.0.0" }, { "Upload-Length", size.ToString(CultureInfo.InvariantCulture) }, { "Upload-Metadata", metadata },
            },
        };
    }

    private static async Task<string> Create(Journey journey, Guid id, long size, string? sha256 = null, string? date = null)
    {
        using var create = Creation(id, size, sha256, date);
        var answer = await journey.Http.SendAsync(create);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        return answer.Headers.Location!.ToString();
    }

    private static async Task<HttpResponseMessage> Piece(Journey journey, string upload, long offset, byte[] content, string? checksum = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, upload) { Content = new ByteArrayContent(content) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(Tus.PieceType);
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture));
        if (checksum is not null)
        {
            request.Headers.Add("Upload-Checksum", checksum);
        }

        return await journey.Http.SendAsync(request);
    }

    private static Task<HttpResponseMessage> Head(Journey journey, string upload) =>
        journey.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, upload) { Headers = { { "Tus-Resumable", "1.0.0" } } });

    private static async Task<JsonElement> Node(object arguments)
    {
        var folder = typeof(UploadTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "NodeFolder").Value!;
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            using var install = Process.Start(new ProcessStartInfo("npm", "ci --no-audit --no-fund --silent") { WorkingDirectory = folder })!;
            await install.WaitForExitAsync();
            install.ExitCode.ShouldBe(0, $"npm ci in {folder}");
        }

        var start = new ProcessStartInfo("node") { WorkingDirectory = folder, RedirectStandardOutput = true };
        start.ArgumentList.Add("upload.mjs");
        start.ArgumentList.Add(JsonSerializer.Serialize(arguments, new JsonSerializerOptions
        {
            DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        }));
        using var node = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var output = await node.StandardOutput.ReadToEndAsync(limit.Token);
        await node.WaitForExitAsync(limit.Token);
        return JsonElement.Parse(output);
    }
}
