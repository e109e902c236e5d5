using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Tests.Intake.Documents;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>Documents on their way in and out: sealed on disk, refused with a code, never left behind.</summary>
public sealed class DocumentTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    [Theory]
    [InlineData("compte-rendu.pdf", "application/pdf")]
    [InlineData("irm.dcm", "application/dicom")]
    public async Task A_document_comes_back_as_it_went_in_and_lies_sealed_on_disk(string sample, string mediaType)
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var content = await File.ReadAllBytesAsync(Journey.Sample(sample));

        // The name lies: the type comes from the content.
        var uploaded = await Journey.Json(await patient.Upload(id, content, name: "../../etc/photo « été ».jpg"));

        uploaded.GetProperty("mediaType").GetString().ShouldBe(mediaType);
        uploaded.GetProperty("sha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(content)));
        var documentId = uploaded.GetProperty("documentId").GetGuid();
        var back = await patient.Http.GetAsync($"/api/v1/cases/{id}/documents/{documentId}");
        (await back.Content.ReadAsByteArrayAsync()).ShouldBe(content);
        back.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        back.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var file = Directory.EnumerateFiles(intake.DocumentsPath, $"{documentId:N}*", SearchOption.AllDirectories).ShouldHaveSingleItem();
        (await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(content.AsSpan(0, 64)).ShouldBe(-1);
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task Only_so_many_files_are_looked_into_at_a_time_and_the_next_one_waits()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var taken = 0;
        while (Admission.Recognitions.CurrentCount > 0 || taken == 0)
        {
            await Admission.Recognitions.WaitAsync(TestContext.Current.CancellationToken);
            taken++;
        }

        try
        {
            var before = Stored();
            var upload = patient.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("compte-rendu.pdf")));
            await Eventually.True(() => Stored() > before, "the file is stored whole");
            // Long enough for a file that does not wait.
            for (var i = 0; i < 20; i++)
            {
                await patient.Case(id);
            }

            upload.IsCompleted.ShouldBeFalse();
            Admission.Recognitions.Release(taken);
            taken = 0;
            (await upload).StatusCode.ShouldBe(HttpStatusCode.Created);
        }
        finally
        {
            if (taken > 0)
            {
                Admission.Recognitions.Release(taken);
            }
        }

        int Stored() => Directory.EnumerateFiles(intake.DocumentsPath, "*.sealed", SearchOption.AllDirectories).Count();
    }

    [Fact]
    public async Task The_same_upload_again_is_the_same_document_however_the_case_is_written()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var key = Guid.NewGuid().ToString();
        var ids = new HashSet<Guid>();
        foreach (var path in (string[])
            [$"{id}/documents", $"{id}/documents".ToUpperInvariant(), $"{id:N}/documents", $"{id:B}/documents", $"{id}/documents/"])
        {
            using var body = new ByteArrayContent(await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")));
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/cases/{path}") { Content = body };
            Journey.Describe(body, "consultation_report", "a.pdf");
            request.Headers.Add("Idempotency-Key", key);
            ids.Add((await Journey.Json(await patient.Http.SendAsync(request))).GetProperty("documentId").GetGuid());
        }

        ids.Count.ShouldBe(1);
        (await intake.Sql<long>("select count(*) from document where case_id = @id", new { id })).ShouldBe(1);
    }

    /// <summary>The caller sends its headers and waits: the answer must come although no byte of the file does.</summary>
    [Theory]
    [InlineData("Idempotency-Key", null, "REQ-0010")]
    [InlineData("Content-Length", "3000000000", "INT-0006")]
    [InlineData("Document-Type", "unknown", "REQ-0002")]
    [InlineData("Document-Name", null, "REQ-0002")]
    public async Task What_the_headers_show_to_be_wrong_is_told_before_the_file_is_sent(string header, string? value, string code)
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var headers = new Dictionary<string, string?>
        {
            ["Host"] = patient.Http.BaseAddress!.Authority,
            ["Authorization"] = patient.Http.DefaultRequestHeaders.Authorization!.ToString(),
            ["Idempotency-Key"] = Guid.NewGuid().ToString(),
            ["Content-Type"] = "application/pdf",
            ["Content-Length"] = "200000000",
            ["Document-Type"] = "consultation_report",
            ["Document-Name"] = "a.pdf",
            [header] = value,
        };
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, patient.Http.BaseAddress.Port);
        var lines = headers.Where(h => h.Value is not null).Select(h => $"{h.Key}: {h.Value}\r\n");
        await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /api/v1/cases/{id}/documents HTTP/1.1\r\n{string.Concat(lines)}\r\n"));

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var said = new StringBuilder();
        var buffer = new byte[4096];
        while (!said.ToString().Contains("\"code\"", StringComparison.Ordinal))
        {
            var read = await connection.GetStream().ReadAsync(buffer, limit.Token);
            read.ShouldBeGreaterThan(0, said.ToString());
            said.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        said.ToString().ShouldContain($"\"{code}\"");
    }

    [Fact]
    public async Task A_photograph_is_shown_without_its_place_and_stays_sealed_as_it_came()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var plain = Samples.Picture(ImageMagick.MagickFormat.Jpeg);
        byte[] photo = [0xFF, 0xD8, 0xFF, 0xE1, 0x00, 0x12, .. "Exif\0\0GPS 48.856"u8, .. plain[2..]];

        var uploaded = await Journey.Json(await patient.Upload(id, photo, name: "photo.jpg"));

        var shown = await patient.Http.GetByteArrayAsync($"/api/v1/cases/{id}/documents/{uploaded.GetProperty("documentId").GetGuid()}");
        shown.AsSpan().IndexOf("GPS"u8).ShouldBe(-1);
        (await Samples.Verdict(shown)).ShouldBe("image/jpeg");
        uploaded.GetProperty("sizeBytes").GetInt64().ShouldBe(shown.Length);
        uploaded.GetProperty("sha256").GetString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(shown)));
        (await intake.Sql<string>("select sha256 from document where case_id = @id", new { id })).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(photo)));
        (await patient.Case(id)).GetProperty("documents")[0].GetProperty("sizeBytes").GetInt64().ShouldBe(shown.Length);
    }

    [Fact]
    public async Task A_phones_photograph_is_shown_as_a_jpeg_with_a_preview_and_all_of_it_goes_when_it_is_removed()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var before = Files();

        var uploaded = await Journey.Json(await patient.Upload(id, Samples.Heic, name: "IMG_0042.HEIC"));

        (uploaded.GetProperty("mediaType").GetString(), uploaded.GetProperty("downloadMediaType").GetString()).ShouldBe(("image/heic", "image/jpeg"));
        (uploaded.GetProperty("facts").GetProperty("width").GetInt32(), uploaded.GetProperty("hasPreview").GetBoolean()).ShouldBe((64, true));
        var path = $"/api/v1/cases/{id}/documents/{uploaded.GetProperty("documentId").GetGuid()}";
        var shown = await patient.Http.GetAsync(path);
        shown.Content.Headers.ContentDisposition!.FileNameStar.ShouldBe("IMG_0042.HEIC.jpg");
        var bytes = await shown.Content.ReadAsByteArrayAsync();
        (await Samples.Verdict(bytes)).ShouldBe("image/jpeg");
        Convert.ToHexStringLower(SHA256.HashData(bytes)).ShouldBe(uploaded.GetProperty("sha256").GetString());
        (await Samples.Verdict(await patient.Http.GetByteArrayAsync(path + "/preview"))).ShouldBe("image/jpeg");
        (await intake.Patient().Http.GetAsync(path + "/preview")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        Files().ShouldBe(before + 3, "as it came, as it is shown, and its preview");
        using var delete = new HttpRequestMessage(HttpMethod.Delete, path) { Headers = { { "If-Match", "\"v1\"" } } };
        (await patient.Http.SendAsync(delete)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        Directory.EnumerateFiles(intake.DocumentsPath, "*.sealed", SearchOption.AllDirectories)
            .ShouldNotContain(f => f.Contains(uploaded.GetProperty("documentId").GetGuid().ToString("N"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fax_of_several_pages_is_shown_as_a_pdf_and_a_cd_as_its_images()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var fax = await Journey.Json(await patient.Upload(id, Samples.Picture(ImageMagick.MagickFormat.Tiff, pages: 3), name: "fax.tif"));
        (fax.GetProperty("downloadMediaType").GetString(), fax.GetProperty("facts").GetProperty("pages").GetInt32()).ShouldBe(("application/pdf", 3));
        var pdf = await patient.Http.GetByteArrayAsync($"/api/v1/cases/{id}/documents/{fax.GetProperty("documentId").GetGuid()}");
        using (var pages = PdfSharp.Pdf.IO.PdfReader.Open(new MemoryStream(pdf), PdfSharp.Pdf.IO.PdfDocumentOpenMode.Import))
        {
            pages.PageCount.ShouldBe(3);
        }

        var cd = await Journey.Json(await patient.Upload(id, Samples.Cd(), type: "mri", name: "cd.zip"));
        var facts = cd.GetProperty("facts");
        facts.GetProperty("series").EnumerateArray().Select(s => (s.GetProperty("study").GetInt32(), s.GetProperty("modality").GetString(),
            s.GetProperty("series").GetInt32(), s.GetProperty("images").GetInt32())).ShouldBe([(1, "MR", 1, 2), (1, "MR", 2, 1), (2, "CT", 1, 1)]);
        (facts.GetProperty("leftOut").GetInt32(), facts.GetProperty("identity").GetString()).ShouldBe((4, "same"));
        facts.GetProperty("series")[0].GetProperty("studyDate").GetString().ShouldBe("2025-11-03");
        var zip = await patient.Http.GetByteArrayAsync($"/api/v1/cases/{id}/documents/{cd.GetProperty("documentId").GetGuid()}");
        using var archive = new System.IO.Compression.ZipArchive(new MemoryStream(zip));
        archive.Entries.Select(e => e.FullName).ShouldBe(
            ["STUDY01/SERIES001/IM00001.dcm", "STUDY01/SERIES001/IM00002.dcm", "STUDY01/SERIES002/IM00001.dcm", "STUDY02/SERIES001/IM00001.dcm"]);
        using var first = archive.Entries[0].Open();
        using var image = new MemoryStream();
        await first.CopyToAsync(image);
        image.ToArray().ShouldBe(Samples.Slice("1.2.1", "1.2.1.1", 1));
    }

    [Theory]
    [InlineData("EXEMPLE^CAMILLE", "19890417", "same")]
    [InlineData("Exemple^Camille^Jeanne", "19890417", "same")]
    [InlineData("ANONYME", "19890417", "unknown")]
    [InlineData("EXEMPLE^CAMILLE", "19890418", "differs")]
    [InlineData("AUTRE^PERSONNE", "19890417", "differs")]
    public async Task Images_of_somebody_else_are_marked(string name, string birth, string identity)
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var uploaded = await Journey.Json(await patient.Upload(id, Samples.Slice("1.2", "1.2.1", 1, name, birth), type: "mri", name: "a.dcm"));
        uploaded.GetProperty("facts").GetProperty("identity").GetString().ShouldBe(identity);
        (await patient.Case(id)).GetProperty("documents")[0].GetProperty("facts").GetProperty("identity").GetString().ShouldBe(identity);
    }

    [Fact]
    public async Task A_pdf_with_a_script_is_marked_and_only_saved()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var pdf = await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"));
        byte[] active = [.. pdf[..9], .. "\n% /S /JavaScript\n"u8, .. pdf[9..]];

        var plain = await Journey.Json(await patient.Upload(id, pdf));
        var uploaded = await Journey.Json(await patient.Upload(id, active));

        (plain.GetProperty("activeContent").GetBoolean(), uploaded.GetProperty("activeContent").GetBoolean()).ShouldBe((false, true));
        var back = await patient.Http.GetAsync($"/api/v1/cases/{id}/documents/{uploaded.GetProperty("documentId").GetGuid()}");
        back.Content.Headers.ContentType!.MediaType.ShouldBe("application/octet-stream");
        back.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        (await back.Content.ReadAsByteArrayAsync()).ShouldBe(active);
    }

    public static TheoryData<string, int, string> Refusals => new()
    {
        { "empty", 400, "INT-0003" },
        { "executable renamed .pdf", 415, "INT-0007" },
        { "gif", 415, "INT-0004" },
        { "cut photograph", 422, "INT-0005" },
        { "flood of points", 422, "INT-0046" },
        { "archive that climbs out", 415, "INT-0045" },
        { "truncated dicom", 422, "INT-0005" },
        { "truncated pdf", 422, "INT-0005" },
        { "program in the dicom preamble", 415, "INT-0007" },
        { "too large", 413, "INT-0006" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_bad_file_is_refused_with_its_code_and_leaves_nothing(string what, int status, string code)
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var before = Files();

        var problem = await Journey.Problem(await patient.Upload(id, Content(what)));

        (problem.Status, problem.Code).ShouldBe((status, code));
        Files().ShouldBe(before);
        (await intake.Sql<long>("select count(*) from document where case_id = @id", new { id })).ShouldBe(0);
    }

    [Fact]
    public async Task A_file_too_large_without_a_stated_length_is_cut_off_too()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var before = Files();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/cases/{id}/documents")
        {
            Content = new StreamContent(new MemoryStream(new byte[IntakeFixture.MaxDocumentBytes + 1])),
        };
        Journey.Describe(request.Content, "mri", "a.dcm");
        request.Headers.TransferEncodingChunked = true;
        request.Headers.Add("Idempotency-Key", "chunked");

        var problem = await Journey.Problem(await patient.Http.SendAsync(request));

        problem.Code.ShouldBe("INT-0006");
        Files().ShouldBe(before);
    }

    [Fact]
    public async Task An_upload_that_breaks_off_leaves_nothing()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var before = Files();

        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/cases/{id}/documents") { Content = new StreamContent(new Breaking()) };
        Journey.Describe(request.Content, "mri", "a.dcm");
        request.Headers.Add("Idempotency-Key", "breaking");

        await Should.ThrowAsync<HttpRequestException>(() => patient.Http.SendAsync(request));
        await SecondOpinion.Tests.Support.Eventually.True(() => Files() == before, "the half file is gone");
    }

    [Fact]
    public async Task The_same_upload_twice_is_one_document_and_another_file_under_its_key_is_refused()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var pdf = await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"));

        var first = await Journey.Json(await patient.Upload(id, pdf, key: "k"));
        var files = Files();
        var second = await Journey.Json(await patient.Upload(id, pdf, key: "k"));
        var other = await Journey.Problem(await patient.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("irm.dcm")), key: "k"));

        second.GetProperty("documentId").GetGuid().ShouldBe(first.GetProperty("documentId").GetGuid());
        other.ShouldBe((422, "REQ-0011", null));
        Files().ShouldBe(files);
    }

    [Fact]
    public async Task An_unknown_type_a_bad_name_and_a_strange_case_are_refused_before_a_byte_is_read()
    {
        var patient = intake.Patient();
        var id = await patient.Open();

        (await Journey.Problem(await patient.Upload(id, [1], type: "shopping_list"))).ShouldBe((400, "REQ-0002", "#/documentType unknown_code"));
        (await Journey.Problem(await patient.Upload(id, [1], name: "..."))).ShouldBe((400, "REQ-0002", "#/fileName invalid_name"));
        (await Journey.Problem(await intake.Patient().Upload(id, [1]))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_complete_case_takes_no_more_documents_and_gives_none_up()
    {
        var patient = intake.Patient();
        var id = await patient.Complete();
        var document = (await patient.Case(id)).GetProperty("documents")[0].GetProperty("documentId").GetGuid();

        (await Journey.Problem(await patient.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"))))).Code.ShouldBe("INT-0001");
        using var delete = new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/cases/{id}/documents/{document}") { Headers = { { "If-Match", "\"v1\"" } } };
        (await Journey.Problem(await patient.Http.SendAsync(delete))).Code.ShouldBe("INT-0001");
    }

    [Fact]
    public async Task A_wrong_document_can_be_taken_out_of_a_draft()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var before = Files();
        var uploaded = await Journey.Json(await patient.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"))));
        using var delete =
            new HttpRequestMessage(HttpMethod.Delete, $"/api/v1/cases/{id}/documents/{uploaded.GetProperty("documentId").GetGuid()}")
            {
                Headers = { { "If-Match", "\"v1\"" } },
            };

        (await patient.Http.SendAsync(delete)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await patient.Case(id)).GetProperty("documents").GetArrayLength().ShouldBe(0);
        Files().ShouldBe(before + 1, "it can be brought back for a month");
        (await intake.Sql<string>("select string_agg(actor_role || ' ' || action, ',' order by id) from audit_record where object_id = @Id",
            new { Id = uploaded.GetProperty("documentId").GetGuid().ToString() })).ShouldEndWith("patient remove");
    }

    [Fact]
    public async Task The_sweep_removes_old_files_without_a_row_and_nothing_else()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        var kept = (await Journey.Json(await patient.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")))))
            .GetProperty("documentId").GetGuid();
        var store = intake.Service.Services.GetRequiredService<DocumentStore>();
        var orphan = (await store.Write(Guid.CreateVersion7(), new MemoryStream([1, 2, 3]), 10, CancellationToken.None)).Id;
        var fresh = (await store.Write(Guid.CreateVersion7(), new MemoryStream([1, 2, 3]), 10, CancellationToken.None)).Id;
        foreach (var old in new[] { kept, orphan })
        {
            File.SetLastWriteTimeUtc(PathOf(old), intake.Time.GetUtcNow().AddDays(-1).UtcDateTime);
        }

        await intake.Service.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<SweepOrphans>().Single().Sweep(CancellationToken.None);

        PathOf(orphan).ShouldEndWith(".sealed.aside");
        File.Exists(PathOf(kept)).ShouldBeTrue();
        File.Exists(PathOf(fresh)).ShouldBeTrue();
        store.Delete(fresh);
    }

    private string PathOf(Guid document) => Directory.EnumerateFiles(intake.DocumentsPath, $"{document:N}*", SearchOption.AllDirectories).Single();

    private int Files() => Directory.EnumerateFiles(intake.DocumentsPath, "*", SearchOption.AllDirectories).Count();

    private static byte[] Content(string what) => what switch
    {
        "empty" => [],
        "executable renamed .pdf" => [.. "MZ"u8, .. new byte[500]],
        "gif" => "GIF89a\u0001\0"u8.ToArray(),
        "cut photograph" => Samples.Picture(ImageMagick.MagickFormat.Jpeg)[..^60],
        "flood of points" => Samples.Flood(31_000),
        "archive that climbs out" => Samples.Zip(("../IM1", Samples.Slice("1.2", "1.2.1", 1))),
        "truncated dicom" => File.ReadAllBytes(Journey.Sample("irm.dcm"))[..^1000],
        "truncated pdf" => File.ReadAllBytes(Journey.Sample("compte-rendu.pdf"))[..^1000],
        "program in the dicom preamble" => DicomBuilder.Image(DicomBuilder.ExplicitLittleEndian, [.. "MZ"u8, .. new byte[126]]),
        _ => new byte[IntakeFixture.MaxDocumentBytes + 1],
    };

    /// <summary>A connection that is lost after 100 kB.</summary>
    private sealed class Breaking : MemoryStream
    {
        private int _given;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_given > 100_000)
            {
                throw new IOException("The line is dead.");
            }

            _given += buffer.Length;
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
