using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

public sealed class RosterTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    [Fact]
    public async Task A_whole_roster_takes_the_place_of_the_former_one()
    {
        var insurer = await billing.NewInsurer("99000201");
        await billing.Import(insurer, BillingFixture.Roster("A;1980-01-02", "B;1980-01-02"));
        var status = await billing.Import(insurer, BillingFixture.Roster("B;1980-01-02", "C;1980-01-02"));
        status.GetProperty("rosterVersion").GetInt32().ShouldBe(2);
        (await Covered("99000201", "A")).ShouldBeFalse();
        (await Covered("99000201", "B")).ShouldBeTrue();
        (await Covered("99000201", "C")).ShouldBeTrue();
        var told = await billing.Service.Broker.Next<RosterImported>(e => e.InsurerId == insurer && e.RosterVersion == 2);
        told.Accepted.ShouldBe(2);
    }

    [Fact]
    public async Task A_delta_adds_replaces_and_removes_single_people()
    {
        var insurer = await billing.NewInsurer("99000202");
        await billing.Import(insurer, BillingFixture.Roster("A;1980-01-02", "B;1980-01-02", "C;1980-01-02"));
        await billing.Import(insurer,
            "operation;numero_adherent;date_naissance;rang;lien;contrat;debut\n"
            + "S;A;1980-01-02;1;;;\n"
            + "A;B;1980-01-02;1;A;ESSENTIEL;2022-01-01\n"
            + "A;D;1980-01-02;1;A;OPEN;2022-01-01\n", "delta");
        (await Check("99000202", "A")).RefusalCode.ShouldBe("not_recognised");
        (await Check("99000202", "B")).RefusalCode.ShouldBe("service_not_included");
        (await Covered("99000202", "C")).ShouldBeTrue();
        (await Covered("99000202", "D")).ShouldBeTrue();
        (await billing.Scalar<long>("select members from roster_version where insurer_id = @insurer and version = 2", new { insurer })).ShouldBe(3);
        (await billing.Scalar<long>("select sum(members)::bigint from roster_version_contract where insurer_id = @insurer and version = 2", new { insurer }))
            .ShouldBe(3);
    }

    [Fact]
    public async Task Lines_at_fault_are_reported_by_line_field_and_code_without_what_they_held()
    {
        var insurer = await billing.NewInsurer("99000203");
        var good = Enumerable.Range(1, 2000).Select(i => $"GOOD{i};1980-01-02;1;A;;OPEN;2022-01-01;");
        string[] bad =
        [
            "SECRET1;1980-02-30;1;A;;OPEN;2022-01-01;", "SECRET2;1980-01-02;0;A;;OPEN;2022-01-01;", "SECRET3;1980-01-02;1;Z;;OPEN;2022-01-01;",
            "SECRET4;1980-01-02;1;A;180017512345661;OPEN;2022-01-01;", "SECRET5;1980-01-02;1;A;;NOPE;2022-01-01;", "SECRET6;1980-01-02;1;A;;OPEN;01/13/2022;",
            "SECRET7;1980-01-02;1;A;;OPEN;2022-01-01;2021-12-31", "SECRET8;1980-01-02;1;A;;OPEN", "SEC$RET;1980-01-02;1;A;;OPEN;2022-01-01;",
            $"SECRET9{new string('x', 1200)};1980-01-02;1;A;;OPEN;2022-01-01;", "GOOD7;1980-01-02;1;A;;OPEN;2022-01-01;",
            "g.o-o d 0009;02/01/1980;1;A;;OPEN;2022-01-01;",
        ];
        var status = await billing.Import(insurer, BillingFixture.Header + string.Join("\r\n", good.Concat(bad)) + "\r\n");
        status.GetProperty("accepted").GetInt64().ShouldBe(2001);
        status.GetProperty("rejected").GetInt64().ShouldBe(11);
        var report = await billing.Ops.GetStringAsync($"/api/v1/rosters/{status.GetProperty("id").GetGuid()}/rejects");
        var lines = report.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        lines.Skip(1).Select(l => string.Join(';', l.Split(';').Take(3))).ShouldBe(
        [
            "2002;date_naissance;invalid_date", "2003;rang;out_of_range", "2004;lien;unknown_relation", "2005;nir_assure;invalid_nir",
            "2006;contrat;unknown_contract",
            "2007;debut;invalid_date", "2008;fin;ends_before_start", "2009;ligne;wrong_column_count", "2010;numero_adherent;invalid_member_number",
            "2011;ligne;line_too_long",
            "2012;ligne;duplicate",
        ]);
        report.ShouldNotContain("SECRET");
        report.ShouldNotContain("GOOD");
        (await Covered("99000203", "GOOD7")).ShouldBeTrue("the first line of a repeated person stays");
    }

    [Fact]
    public async Task Too_large_a_share_of_rejects_refuses_the_whole_file_and_the_former_one_serves_on()
    {
        var insurer = await billing.NewInsurer("99000204");
        await billing.Import(insurer, BillingFixture.Roster("A;1980-01-02"));
        var lines = Enumerable.Range(1, 200).Select(i => i % 50 == 0 ? $"N{i};never" : $"N{i};1980-01-02").ToArray();
        var status = await billing.Import(insurer, BillingFixture.Roster(lines), expected: "refused");
        status.GetProperty("refusalCode").GetString().ShouldBe("too_many_rejects");
        (await Covered("99000204", "A")).ShouldBeTrue();
        (await Covered("99000204", "N1")).ShouldBeFalse();
        (await billing.Ops.GetStringAsync($"/api/v1/rosters/{status.GetProperty("id").GetGuid()}/rejects")).Split('\n').Length
            .ShouldBe(6, "the report is there all the same");
        await NothingLeftOver();
    }

    [Theory]
    [InlineData("nom;prenom\nx;y\n", "whole", "bad_header")]
    [InlineData("numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin\n", "whole", "empty_roster")]
    [InlineData("operation;numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin\n", "whole", "bad_header")]
    [InlineData("operation;numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin\nA;B;1980-01-02;1;A;;OPEN;2022-01-01;\n",
        "delta", "no_roster_to_change")]
    public async Task A_file_that_cannot_be_a_roster_is_refused(string file, string kind, string code)
    {
        var insurer = await billing.NewInsurer($"9900{Random.Shared.Next(300000, 399999)}");
        (await billing.Import(insurer, file, kind, "refused")).GetProperty("refusalCode").GetString().ShouldBe(code);
    }

    [Fact]
    public async Task A_gzip_file_is_recognised_and_a_damaged_one_refused()
    {
        var insurer = await billing.NewInsurer("99000205");
        var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(BillingFixture.Roster([.. Enumerable.Range(1, 5000).Select(i => $"Z{i};1980-01-02")])));
        }

        var bytes = packed.ToArray();
        var id = await billing.Announce(insurer, bytes.Length);
        await billing.Send(id, 0, bytes);
        (await billing.Over(id, "imported")).GetProperty("accepted").GetInt64().ShouldBe(5000);
        bytes[bytes.Length / 2] ^= 0xFF;
        id = await billing.Announce(insurer, bytes.Length);
        await billing.Send(id, 0, bytes);
        await billing.Over(id, "refused");
        (await Covered("99000205", "Z5000")).ShouldBeTrue();
    }

    [Fact]
    public async Task A_broken_upload_goes_on_where_it_stood()
    {
        var insurer = await billing.NewInsurer("99000206");
        var bytes = Encoding.UTF8.GetBytes(BillingFixture.Roster([.. Enumerable.Range(1, 100_000).Select(i => $"U{i};1980-01-02")]));
        var id = await billing.Announce(insurer, bytes.Length, file: bytes);
        (await billing.Send(id, 0, bytes[..700_000])).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await billing.Send(id, 600_000, bytes[600_000..])).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        // The connection breaks in the middle of the next piece, after a part of it was taken.
        var spool = new FileInfo(Path.Combine(billing.Spool, $"{id:n}.roster"));
        using (var cut = new CancellationTokenSource())
        {
            var content = new BreakingContent(bytes.AsMemory(700_000, 2_000_000), cut, () =>
            {
                spool.Refresh();
                return spool.Length > 700_000 + (1 << 20);
            });
            await Should.ThrowAsync<Exception>(() => billing.Ops.SendAsync(
                new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/rosters/{id}/content") { Content = content, Headers = { { "Upload-Offset", "700000" } } },
                cut.Token));
        }

        long offset = 0;
        await Eventually.True(async () =>
        {
            var head = await billing.Ops.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/api/v1/rosters/{id}/content"));
            offset = long.Parse(head.Headers.GetValues("Upload-Offset").Single(), CultureInfo.InvariantCulture);
            return offset >= 700_000 + (1 << 20);
        }, "what came before the break is kept");
        offset.ShouldBeLessThanOrEqualTo(2_700_000);
        HttpResponseMessage last = null!;
        await Eventually.True(async () =>
        {
            last = await billing.Send(id, offset, bytes[(int)offset..]);
            return last.StatusCode != HttpStatusCode.Conflict;
        }, "the broken piece has let go");
        last.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await billing.Over(id, "imported")).GetProperty("accepted").GetInt64().ShouldBe(100_000);
        (await billing.Send(id, bytes.Length, [1])).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task An_announcement_repeated_under_its_key_is_one_upload()
    {
        async Task<string> Announce()
        {
            var request =
                new HttpRequestMessage(HttpMethod.Post, "/api/v1/rosters")
                {
                    Content = JsonContent.Create(new { insurerId = BillingFixture.InsurerId, kind = "delta", sizeBytes = 10 }),
                };
            request.Headers.Add("Idempotency-Key", "an announcement");
            var answer = await billing.Ops.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.Created);
            return await answer.Content.ReadAsStringAsync();
        }

        (await Announce()).ShouldBe(await Announce());
    }

    [Fact]
    public async Task Uploads_wait_encrypted_on_disk()
    {
        var id = await billing.Announce(BillingFixture.InsurerId, 1_000_000);
        await billing.Send(id, 0, Encoding.UTF8.GetBytes("numero_adherent;SECRETMEMBER"));
        var stored = await System.IO.File.ReadAllBytesAsync(Path.Combine(billing.Spool, $"{id:n}.roster"));
        Encoding.Latin1.GetString(stored).ShouldNotContain("SECRET");
    }

    [Fact]
    public async Task Three_versions_are_kept_and_one_call_goes_back()
    {
        var insurer = await billing.NewInsurer("99000207");
        for (var version = 1; version <= 5; version++)
        {
            await billing.Import(insurer, BillingFixture.Roster($"V{version};1980-01-02"));
        }

        await Eventually.True(
            async () =>
                await billing.Scalar<int>("select count(*) from roster_version where insurer_id = @insurer and dropped_at is null", new { insurer }) == 3,
                "three versions are kept");
        var kept = await billing.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/insurers/{insurer}/rosters");
        kept.GetProperty("currentVersion").GetInt32().ShouldBe(5);
        kept.GetProperty("kept").EnumerateArray().Select(v => v.GetProperty("version").GetInt32()).ShouldBe([5, 4, 3]);
        (await billing.Scalar<int>(
            "select count(*) from information_schema.tables t join roster_version v on v.table_name = 'rosters.' || t.table_name where v.insurer_id = @insurer",
            new { insurer })).ShouldBe(3);

        (await RollBack(insurer, null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Covered("99000207", "V4")).ShouldBeTrue();
        (await Covered("99000207", "V5")).ShouldBeFalse();
        (await RollBack(insurer, 3)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Covered("99000207", "V3")).ShouldBeTrue();
        (await RollBack(insurer, 1)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await RollBack(insurer, null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        (await billing.Import(insurer, BillingFixture.Roster("V6;1980-01-02"))).GetProperty("rosterVersion").GetInt32().ShouldBe(6);
        (await Covered("99000207", "V6")).ShouldBeTrue();
        await NothingLeftOver();
    }

    [Fact]
    public async Task Two_imports_of_one_insurer_at_once_become_two_whole_versions_one_after_the_other()
    {
        var insurer = await billing.NewInsurer("99000208");
        var files = new[] { "X", "Y" }
            .Select(letter => Encoding.UTF8.GetBytes(BillingFixture.Roster([.. Enumerable.Range(1, 20_000).Select(i => $"{letter}{i};1980-01-02")])))
            .ToArray();
        var ids = await Task.WhenAll(files.Select(file => billing.Announce(insurer, file.Length)));
        await Task.WhenAll(ids.Zip(files, (id, file) => billing.Send(id, 0, file)));
        var statuses = await Task.WhenAll(ids.Select(id => billing.Over(id, "imported")));
        statuses.Select(s => s.GetProperty("rosterVersion").GetInt32()).Order().ShouldBe([1, 2]);
        statuses.ShouldAllBe(s => s.GetProperty("accepted").GetInt64() == 20_000);
        var last = statuses[0].GetProperty("rosterVersion").GetInt32() == 2 ? "X" : "Y";
        (await Covered("99000208", $"{last}1")).ShouldBeTrue();
        (await Covered("99000208", $"{last}20000")).ShouldBeTrue();
        (await Covered("99000208", $"{(last == "X" ? "Y" : "X")}1")).ShouldBeFalse();
        (await billing.Scalar<long>("select members from roster_version where insurer_id = @insurer and version = 2", new { insurer })).ShouldBe(20_000);
    }

    [Fact]
    public async Task A_roster_appears_whole_while_checks_go_on_and_none_waits_long()
    {
        var insurer = await billing.NewInsurer("99000209");
        await billing.Import(insurer, BillingFixture.Roster([.. Enumerable.Range(1, 20_000).Select(i => $"OLD{i};1980-01-02")]));
        using var stop = new CancellationTokenSource();
        var torn = 0;
        var versions = new HashSet<int>();
        var client = billing.Client;
        var asking = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var replies =
                    await Task.WhenAll(new[]
                    {
                        "OLD1",
                        "OLD20000",
                        "NEW1",
                        "NEW20000",
                    }.Select(async m => await client.CheckAsync(BillingFixture.Person(m, amc: "99000209"), deadline: BillingFixture.Soon)));
                foreach (var version in replies.GroupBy(r => r.RosterVersion))
                {
                    versions.Add(version.Key);
                    // Within one version an old member is covered exactly when a new one is not.
                    var covered = version.Where(r => r.Covered).Select(r => r.EngagementNumber).Count();
                    torn += version.Count() == 4 && covered != 2 ? 1 : 0;
                }
            }
        });
        await billing.Import(insurer, BillingFixture.Roster([.. Enumerable.Range(1, 20_000).Select(i => $"NEW{i};1980-01-02")]));
        (await Covered("99000209", "NEW20000")).ShouldBeTrue();
        await stop.CancelAsync();
        await asking;
        torn.ShouldBe(0);
        versions.ShouldContain(1);
    }

    [Fact]
    public async Task A_half_upload_that_nobody_goes_on_with_is_over_and_its_file_goes()
    {
        var insurer = await billing.NewInsurer("99000241");
        var (old, fresh) = (await billing.Announce(insurer, 100), await billing.Announce(insurer, 100));
        await billing.Send(old, 0, new byte[10]);
        await billing.Send(fresh, 0, new byte[10]);
        var files = Directory.EnumerateFiles(billing.Spool).Count();
        await billing.Scalar<int>("update roster_import set updated_at = updated_at - interval '8 days' where id = @old returning 1", new { old });

        await billing.Service.Services.GetRequiredService<ExpireUploads>().Expire(CancellationToken.None);

        var status = await billing.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/rosters/{old}");
        (status.GetProperty("state").GetString(), status.GetProperty("refusalCode").GetString()).ShouldBe(("failed", "upload_abandoned"));
        status.GetProperty("refusalText").GetString().ShouldNotBeNullOrEmpty();
        (await billing.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/rosters/{fresh}")).GetProperty("state").GetString().ShouldBe("receiving");
        Directory.EnumerateFiles(billing.Spool).Count().ShouldBe(files - 1);
    }

    [Fact]
    public async Task A_partner_uploads_for_itself_and_sees_no_other_insurers_imports()
    {
        var partner = billing.Service.Http(TestTokens.Partner(BillingFixture.MonthlyId));
        var id = await billing.Announce(BillingFixture.InsurerId, 10);
        (await partner.GetAsync($"/api/v1/rosters/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await partner.GetAsync($"/api/v1/rosters/{id}/rejects")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await partner.GetAsync($"/api/v1/rosters/{id}/events")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await billing.Send(id, 0, [1], partner)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var announce =
            new HttpRequestMessage(HttpMethod.Post, "/api/v1/rosters")
            {
                Content = JsonContent.Create(new { insurerId = BillingFixture.InsurerId, kind = "whole", sizeBytes = 10 }),
            };
        announce.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        (await partner.SendAsync(announce)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task<CheckReply> Check(string amc, string member) =>
        await billing.Client.CheckAsync(BillingFixture.Person(member, amc: amc), deadline: BillingFixture.Soon);

    private async Task<bool> Covered(string amc, string member) => (await Check(amc, member)).Covered;

    private Task<HttpResponseMessage> RollBack(Guid insurer, int? to)
    {
        var request =
            new HttpRequestMessage(HttpMethod.Post, $"/api/v1/insurers/{insurer}/rosters/rollback") { Content = JsonContent.Create(new { toVersion = to }) };
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        return billing.Ops.SendAsync(request);
    }

    private Task NothingLeftOver() => Eventually.True(async () =>
    {
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        return !(await db.QueryAsync<string>(
            """
            select t.table_name
            from information_schema.tables t
            where t.table_schema = 'rosters'
              and not exists (select from roster_version v where v.table_name = 'rosters.' || t.table_name and v.dropped_at is null)
              and not exists (select from roster_import i where i.table_name = 'rosters.' || t.table_name and i.state = 'running')
            """)).Any();
    }, "no roster table is left over");

    /// <summary>Sends a part of what it announces; the caller goes away as soon as some of it was taken.</summary>
    private sealed class BreakingContent(ReadOnlyMemory<byte> part, CancellationTokenSource cut, Func<bool> taken) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(part);
            await stream.FlushAsync();
            await Eventually.True(taken, "a part of the piece was taken");
            await cut.CancelAsync();
            cut.Token.ThrowIfCancellationRequested();
        }

        protected override bool TryComputeLength(out long length)
        {
            length = part.Length * 2;
            return true;
        }
    }
}
