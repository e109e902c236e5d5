using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Intake.Documents;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>The folder of documents belongs to one database, loses nothing to a wrong one, and never fills up.</summary>
public sealed class DocumentFolderTests : IAsyncLifetime
{
    private readonly IntakeFixture _intake = new();

    private SweepOrphans Sweep => _intake.Service.Services.GetRequiredService<SweepOrphans>();

    public ValueTask InitializeAsync() => _intake.InitializeAsync();

    public ValueTask DisposeAsync() => _intake.DisposeAsync();

    [Fact]
    public async Task A_folder_of_another_database_stops_the_start_and_nothing_is_touched()
    {
        await ThreeOld();
        await _intake.Service.Stop();
        await _intake.Sql<int>("update installation set id = gen_random_uuid() returning 1");
        (await Should.ThrowAsync<InvalidOperationException>(() => _intake.Service.Start())).Message.ShouldContain("belongs to another database");

        // A folder from before folders carried an id, at an empty database.
        File.Delete(Path.Combine(_intake.DocumentsPath, "installation.id"));
        await _intake.Sql<int>("with gone as (delete from document returning 1) select count(*)::int from gone");
        (await Should.ThrowAsync<InvalidOperationException>(() => _intake.Service.Start())).Message
            .ShouldContain("holds 3 documents, of which this database knows 0");
        Files("*.sealed").ShouldBe(3);
    }

    [Fact]
    public async Task A_sweep_that_would_take_more_than_a_small_share_takes_nothing()
    {
        await ThreeOld();
        await _intake.Sql<int>("with gone as (delete from document returning 1) select count(*)::int from gone");

        (await Should.ThrowAsync<InvalidOperationException>(() => Sweep.Sweep(CancellationToken.None))).Message.ShouldContain("3 of 3 documents have no row");

        Files("*.sealed").ShouldBe(3);
    }

    [Fact]
    public async Task What_was_set_aside_comes_back_with_its_row_and_goes_after_its_retention()
    {
        var (patient, caseId, ids) = await ThreeOld();
        await using var db = await _intake.Service.Data.OpenConnectionAsync();
        await db.ExecuteAsync("create table kept as select * from document where id = @id; delete from document where id = any(@two)",
            new { id = ids[0], two = new[] { ids[0], ids[1] } });
        (await Sweep.Sweep(CancellationToken.None)).ShouldBe(2);
        (Files("*.sealed"), Files("*.aside")).ShouldBe((1, 2));

        // As after a restore: the row is there again.
        await db.ExecuteAsync("insert into document select * from kept; drop table kept");
        await Sweep.Sweep(CancellationToken.None);
        (await patient.Http.GetAsync($"/api/v1/cases/{caseId}/documents/{ids[0]}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (Files("*.sealed"), Files("*.aside")).ShouldBe((2, 1));

        _intake.Time.Advance(TimeSpan.FromDays(31));
        await Sweep.Sweep(CancellationToken.None);
        (Files("*.sealed"), Files("*.aside")).ShouldBe((2, 0));
    }

    [Fact]
    public async Task Below_the_floor_of_free_space_an_upload_is_a_507_and_the_rest_goes_on()
    {
        await _intake.Service.Stop();
        await _intake.Service.Start(new Dictionary<string, string?>
        {
            ["Documents:FreeFloorBytes"] = long.MaxValue.ToString(System.Globalization.CultureInfo.InvariantCulture),
        });
        var patient = _intake.Patient(Guid.CreateVersion7());
        var id = await patient.Open();

        var answer = await patient.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")));

        (await Journey.Problem(answer)).ShouldBe((507, "REQ-0017", null));
        answer.Headers.RetryAfter.ShouldNotBeNull();
        (await patient.Case(id)).GetProperty("state").GetString().ShouldBe("draft");
    }

    [Fact]
    public async Task A_file_that_nobody_finishes_expires_with_its_documents_and_others_stay()
    {
        var pdf = await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"));
        var patient = _intake.Patient();
        var (old, fresh, complete) = (await patient.Open(), await patient.Open(), await patient.Complete());
        (await patient.Upload(old, pdf)).EnsureSuccessStatusCode();
        (await patient.Upload(fresh, pdf)).EnsureSuccessStatusCode();
        await _intake.Sql<int>(
            "update case_file set touched_at = @Long where id = any(@Both) returning 1", new
            {
                Long = _intake.Time.GetUtcNow().AddDays(-91),
                Both = new[] { old, complete }
            });
        var expiry = _intake.Service.Services.GetRequiredService<SecondOpinion.Intake.Submission.ExpireDrafts>();

        await expiry.Expire(CancellationToken.None);

        (await _intake.State(old), await _intake.State(fresh), await _intake.State(complete)).ShouldBe(("withdrawn", "draft", "complete"));
        (await patient.Case(old)).GetProperty("documents").GetArrayLength().ShouldBe(0);
        (Files("*.sealed"), Files("*.aside")).ShouldBe((2, 1));
        // Any change of the person counts.
        await _intake.Sql<int>("update case_file set touched_at = @Long where id = @fresh returning 1", new
        {
            Long = _intake.Time.GetUtcNow().AddDays(-91),
            fresh
        });
        (await patient.Put($"/api/v1/cases/{fresh}/questions", new { questions = (string[])["Et le sport ?"] }, "\"v1\"")).EnsureSuccessStatusCode();
        await expiry.Expire(CancellationToken.None);
        (await _intake.State(fresh)).ShouldBe("draft");
    }

    /// <summary>A real volume of 24 MB, first with the floor, then filled to its last byte. Mounting needs root.</summary>
    [Theory]
    [InlineData(6_000_000)]
    [InlineData(0)]
    public async Task On_a_small_volume_uploads_end_in_a_507_with_a_sentence_and_everything_else_goes_on(long floor)
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root mounts a volume.");
        var volume = Directory.CreateTempSubdirectory("small-volume-").FullName;
        Run("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", volume);
        try
        {
            var small = new IntakeFixture();
            await using var _ = small;
            small.Settings["Documents:Path"] = Path.Combine(volume, "documents");
            small.Settings["Documents:FreeFloorBytes"] = floor.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await small.InitializeAsync();
            var patient = small.Patient();
            var id = await patient.Open();
            var pdf = await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"));
            byte[] large = [.. pdf, .. new byte[1_900_000 - pdf.Length]];
            var statuses = new List<int>();
            HttpResponseMessage answer;
            do
            {
                answer = await patient.Upload(id, large);
                statuses.Add((int)answer.StatusCode);
            }
            while (statuses[^1] == 201 && statuses.Count < 30);

            (await Journey.Problem(answer)).ShouldBe((507, "REQ-0017", null));
            statuses.Count.ShouldBeInRange(8, 14);
            new DriveInfo(volume).AvailableFreeSpace.ShouldBeGreaterThanOrEqualTo(floor);
            (await small.Sql<long>("select count(*) from document where case_id = @id", new { id })).ShouldBe(statuses.Count - 1);
            Directory.EnumerateFiles(volume, "*.sealed", SearchOption.AllDirectories).Count().ShouldBe(statuses.Count - 1, "nothing half");
            // Everything else goes on: what is there can be read, a case without a large file is filled in and handed in.
            var document = (await patient.Case(id)).GetProperty("documents")[0].GetProperty("documentId").GetString();
            (await patient.Http.GetByteArrayAsync($"/api/v1/cases/{id}/documents/{document}")).ShouldBe(large);
            (await patient.Consent(id)).EnsureSuccessStatusCode();
            (await Journey.Json(await patient.Submit(id))).GetProperty("state").GetString().ShouldBe("incomplete");
            (await small.Service.Http().GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        finally
        {
            Run("umount", volume);
            Directory.Delete(volume);
        }
    }

    [Fact]
    public async Task What_a_case_and_a_person_may_keep_is_reserved_before_a_byte_is_read()
    {
        var pdf = await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"));
        await _intake.Service.Stop();
        await _intake.Service.Start(new Dictionary<string, string?>
        {
            ["Documents:MaxBytesPerCase"] = $"{pdf.Length * 3 / 2}",
            ["Documents:MaxBytesPerPerson"] = $"{pdf.Length * 5 / 2}",
        });
        var person = Guid.CreateVersion7();
        var patient = _intake.Patient(person);
        var one = await patient.Open();
        (await patient.Upload(one, pdf)).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await Journey.Problem(await patient.Upload(one, pdf))).Code.ShouldBe("INT-0020");
        (await _intake.Sql<long>("select count(*) from upload_reservation")).ShouldBe(0);

        // One that is being received counts; what a killed process had promised itself expires.
        await _intake.Sql<int>("insert into upload_reservation values (gen_random_uuid(), @one, @Bytes, @Until) returning 1",
            new { one, Bytes = pdf.Length * 3L / 2, Until = _intake.Time.GetUtcNow().AddHours(1) });
        var two = await patient.Open();
        (await Journey.Problem(await patient.Upload(two, pdf))).Code.ShouldBe("INT-0020");
        _intake.Time.Advance(TimeSpan.FromHours(2));
        (await patient.Upload(two, pdf)).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_download_goes_on_where_it_broke_off()
    {
        var patient = _intake.Patient();
        var id = await patient.Open();
        var pdf = await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"));
        var path = $"/api/v1/cases/{id}/documents/{(await Journey.Json(await patient.Upload(id, pdf))).GetProperty("documentId").GetGuid()}";
        var whole = await patient.Http.GetAsync(path);
        var tag = whole.Headers.ETag.ShouldNotBeNull().Tag;
        whole.Headers.AcceptRanges.ShouldContain("bytes");

        var rest = await Part("bytes=1000-", tag);
        (rest.StatusCode, rest.Content.Headers.ContentRange!.ToString()).ShouldBe((HttpStatusCode.PartialContent, $"bytes 1000-{pdf.Length - 1}/{pdf.Length}"));
        (await rest.Content.ReadAsByteArrayAsync()).ShouldBe(pdf[1000..]);
        (await Part("bytes=1000-", "\"v7\"")).StatusCode.ShouldBe(HttpStatusCode.OK, "another version is sent whole");
        var beyond = await Part($"bytes={pdf.Length}-", null);
        beyond.Content.Headers.ContentRange!.ToString().ShouldBe($"bytes */{pdf.Length}");
        (await Journey.Problem(beyond)).ShouldBe((416, "REQ-0018", null));
        var head = await patient.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        (head.StatusCode, head.Content.Headers.ContentLength).ShouldBe((HttpStatusCode.OK, pdf.Length));

        Task<HttpResponseMessage> Part(string range, string? ifRange)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Range", range);
            if (ifRange is not null)
            {
                request.Headers.TryAddWithoutValidation("If-Range", ifRange);
            }

            return patient.Http.SendAsync(request);
        }
    }

    private async Task<(Journey Patient, Guid Case, Guid[] Documents)> ThreeOld()
    {
        var patient = _intake.Patient();
        var id = await patient.Open();
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await Journey.Json(await patient.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")))))
                .GetProperty("documentId").GetGuid());
        }

        foreach (var file in Directory.EnumerateFiles(_intake.DocumentsPath, "*.sealed", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, _intake.Time.GetUtcNow().AddDays(-1).UtcDateTime);
        }

        return (patient, id, [.. ids]);
    }

    private int Files(string pattern) => Directory.EnumerateFiles(_intake.DocumentsPath, pattern, SearchOption.AllDirectories).Count();

    private static void Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, program);
    }
}
