using System.IO.Compression;
using System.Net;
using System.Text;
using SecondOpinion.Contracts.Billing.V1;

namespace SecondOpinion.Tests.Billing;

/// <summary>Rosters as Excel, LibreOffice and mainframes write them; and files that are not what was announced.</summary>
public sealed class RosterFileTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    private const string Plain =
        "numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin\n"
        + "É0012;02/01/1980;1;A;;OPEN;01/01/2022;\nB2;1980-01-02;1;C;;OPEN;2022-01-01;31/12/2099\n";
    private static int _amc = 99000400;

    public static TheoryData<string, byte[]> Spreadsheets() => new()
    {
        { "UTF-8", Encoding.UTF8.GetBytes(Plain) },
        { "UTF-8 with its mark (Excel: CSV UTF-8)", [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Plain)] },
        { "UTF-16 with tabs (Excel: Unicode text)", [
            .. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Plain.Replace(';', '\t').Replace("\n", "\r\n"))] },
        { "UTF-16, most significant byte first", [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(Plain)] },
        { "UTF-16 without a mark", Encoding.Unicode.GetBytes(Plain) },
        { "Windows-1252 (Excel: CSV)", Encoding.Latin1.GetBytes(Plain.Replace("\n", "\r\n")) },
        { "CRLF", Encoding.UTF8.GetBytes(Plain.Replace("\n", "\r\n")) },
        { "CR alone (old Macintosh)", Encoding.UTF8.GetBytes(Plain.Replace("\n", "\r")) },
        { "commas and quotes (LibreOffice)", Encoding.UTF8.GetBytes("\"" + Plain.TrimEnd().Replace(";", "\",\"").Replace("\n", "\"\n\"") + "\"\n") },
        { "names as people write them, in another order", Encoding.UTF8.GetBytes(
            "Contrat;Début;FIN;Numéro adhérent;Date naissance;Lien\nOPEN;01/01/2022;;E0012;02/01/1980;A\nOPEN;01/01/2022;;B2;02/01/1980;C\n") },
        { "empty rows and columns", Encoding.UTF8.GetBytes(";;;;;;;;;\n" + Plain.Replace("\n", ";;\n") + ";;;;;;;;;\n;;;;;;;;;\n") },
        { "empty optional columns left out of the row", Encoding.UTF8.GetBytes(Plain.Replace("2022;\n", "2022\n")) },
        { "sep= on top", Encoding.UTF8.GetBytes("sep=;\n" + Plain) },
        { "no line end at the end", Encoding.UTF8.GetBytes(Plain.TrimEnd()) },
        { "leading zeros lost, and a rank with one", Encoding.UTF8.GetBytes(Plain.Replace("É0012;02/01/1980;1", "É0012;2/1/1980;01")
            .Replace("É0012", "000E0012")) },
    };

    [Theory]
    [MemberData(nameof(Spreadsheets))]
    public async Task A_spreadsheet_is_read_however_it_was_written(string kind, byte[] file)
    {
        var (insurer, amc) = await NewInsurer();
        var id = await billing.Announce(insurer, file.Length);
        (await billing.Send(id, 0, file)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var status = await billing.Over(id, "imported");
        status.GetProperty("accepted").GetInt64().ShouldBe(2, kind);
        status.GetProperty("rejected").GetInt64().ShouldBe(0, kind);
        (await Check(amc, "E0012")).Covered.ShouldBeTrue(kind);
        (await Check(amc, "B2")).Covered.ShouldBeTrue(kind);
        status.GetProperty("blankLines").GetInt64().ShouldBe(kind.StartsWith("empty rows", StringComparison.Ordinal) ? 2 : 0);
    }

    [Theory]
    [InlineData("X;29222;1;A;;OPEN;2022-01-01;", "date_naissance", "excel_serial_date")]
    [InlineData("X;1980-01-02;1;A;;OPEN;44562;", "debut", "excel_serial_date")]
    [InlineData("X;02/01/80;1;A;;OPEN;2022-01-01;", "date_naissance", "two_digit_year")]
    [InlineData("X;1980-01-02;1;A;1,80018E+14;OPEN;2022-01-01;", "nir_assure", "excel_number")]
    [InlineData("1,23457E+11;1980-01-02;1;A;;OPEN;2022-01-01;", "numero_adherent", "excel_number")]
    public async Task What_a_spreadsheet_spoiled_is_refused_by_name_in_a_report_that_Excel_opens(string line, string field, string code)
    {
        var (insurer, _) = await NewInsurer();
        var good = string.Concat(Enumerable.Range(1, 200).Select(i => $"G{i};1980-01-02;1;A;;OPEN;2022-01-01;\n"));
        var status = await billing.Import(insurer, BillingFixture.Header + good + line + "\n");
        var report = await billing.Ops.GetByteArrayAsync($"/api/v1/rosters/{status.GetProperty("id").GetGuid()}/rejects");
        report.AsSpan().StartsWith(Encoding.UTF8.Preamble).ShouldBeTrue("without the mark Excel in France shows « Ã© »");
        Encoding.UTF8.GetString(report).ShouldContain($"202;{field};{code};");
    }

    /// <summary>What an insurer's author begins with is taken as it is, and every code that the engine can answer is explained.</summary>
    [Fact]
    public async Task The_sample_files_that_the_format_offers_are_taken_as_they_are()
    {
        var (insurer, _) = await NewInsurer();
        var partner = billing.Service.Http(SecondOpinion.Tests.Support.TestTokens.Partner(insurer));
        var format = System.Text.Json.JsonElement.Parse(await partner.GetStringAsync("/api/v1/rosters/format"));
        format.GetProperty("columns").EnumerateArray().Select(c => c.GetProperty("name").GetString()).ShouldBe(
            (BillingFixture.Header.TrimEnd() + ";operation").Split(';'));
        format.GetProperty("rejects").EnumerateArray().ShouldAllBe(c => c.GetProperty("text").GetString()!.EndsWith('.'));
        foreach (var kind in format.GetProperty("kinds").EnumerateArray())
        {
            var file = await partner.GetByteArrayAsync(kind.GetProperty("sample").GetString());
            file.AsSpan().StartsWith(Encoding.UTF8.Preamble).ShouldBeTrue("Excel in France");
            var id = await billing.Announce(insurer, file.Length, kind.GetProperty("kind").GetString()!);
            (await billing.Send(id, 0, file)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
            var status = await billing.Over(id, "imported");
            (status.GetProperty("accepted").GetInt64(), status.GetProperty("rejected").GetInt64()).ShouldBe((4, 0));
            if (kind.GetProperty("kind").GetString() == "delta")
            {
                continue;
            }

            // Among many: who leaves a family of four would be a drop that somebody has to look at.
            var others = string.Concat(Enumerable.Range(1, 40).Select(i => $"V{i};1980-01-02;1;A;;OPEN;2022-01-01;\r\n"));
            await billing.Import(insurer, Encoding.UTF8.GetString(file.AsSpan(Encoding.UTF8.Preamble.Length)) + others, expected: "imported");
        }

        (await partner.GetAsync("/api/v1/rosters/format/other")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_file_with_more_bytes_than_announced_never_goes_live()
    {
        var (insurer, amc) = await NewInsurer();
        await billing.Import(insurer, Plain);
        var crlf = Encoding.UTF8.GetBytes(Plain.Replace("\n", "\r\n"));
        var id = await billing.Announce(insurer, crlf.Length - 3);
        (await billing.Send(id, 0, crlf)).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await billing.Over(id, "refused")).GetProperty("refusalCode").GetString().ShouldBe("size_mismatch");
        (await billing.Scalar<int>("select max(version) from roster_version where insurer_id = @insurer", new { insurer })).ShouldBe(1);
        (await Check(amc, "B2")).Covered.ShouldBeTrue();
    }

    [Fact]
    public async Task A_file_with_fewer_bytes_than_announced_and_a_packed_one_that_is_cut_never_go_live()
    {
        var (insurer, _) = await NewInsurer();
        var bytes = Encoding.UTF8.GetBytes(Plain);
        var id = await billing.Announce(insurer, bytes.Length + 2);
        (await billing.Send(id, 0, bytes)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await billing.Scalar<string>("select state from roster_import where id = @id", new { id })).ShouldBe("receiving");

        var packed = Packed(BillingFixture.Header + string.Concat(Enumerable.Range(1, 5000).Select(i => $"C{i};1980-01-02;1;A;;OPEN;2022-01-01;\n")));
        var cut = packed[..(packed.Length / 2)];
        id = await billing.Announce(insurer, cut.Length);
        await billing.Send(id, 0, cut);
        await billing.Over(id, "refused");
        (await billing.Scalar<int>("select count(*) from roster_version where insurer_id = @insurer", new { insurer })).ShouldBe(0);
    }

    [Fact]
    public async Task A_file_that_changes_between_the_pieces_of_its_upload_never_goes_live()
    {
        var (insurer, amc) = await NewInsurer();
        await billing.Import(insurer, Plain);
        // Of the same size, and a roster in itself: no count and no line tells that it is made of two.
        var (before, after) = (Encoding.UTF8.GetBytes(Plain), Encoding.UTF8.GetBytes(Plain.Replace("0012;", "0013;").Replace("B2;", "X9;")));
        var half = before.Length / 2;
        foreach (var announced in (byte[][])[before, after])
        {
            var id = await billing.Announce(insurer, before.Length, file: announced);
            (await billing.Send(id, 0, before[..half])).StatusCode.ShouldBe(HttpStatusCode.NoContent);
            (await billing.Send(id, half, after[half..])).StatusCode.ShouldBe(HttpStatusCode.NoContent);
            (await billing.Over(id, "refused")).GetProperty("refusalCode").GetString().ShouldBe("content_changed");
        }

        // Without a hash nobody could tell: a second piece is not taken.
        var blind = await billing.Announce(insurer, before.Length);
        await billing.Send(blind, 0, before[..half]);
        var refused = await billing.Send(blind, half, after[half..]);
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("#/sha256");
        (await billing.Scalar<int>("select max(version) from roster_version where insurer_id = @insurer", new { insurer })).ShouldBe(1);
        (await Check(amc, "B2")).Covered.ShouldBeTrue();
    }

    [Fact]
    public async Task A_packed_file_that_unpacks_without_end_is_refused_while_it_unpacks()
    {
        var (insurer, _) = await NewInsurer();
        var bomb = Packed(BillingFixture.Header + string.Concat(Enumerable.Repeat(";;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;\n", 1_000_000)));
        var id = await billing.Announce(insurer, bomb.Length);
        await billing.Send(id, 0, bomb);
        var status = await billing.Over(id, "refused");
        status.GetProperty("refusalCode").GetString().ShouldBe("unpacks_too_large");
        status.GetProperty("linesRead").GetInt64().ShouldBeLessThan(900_000, "refused on the way");
    }

    [Fact]
    public async Task A_roster_that_holds_itself_twice_is_refused_before_its_lists_grow()
    {
        var (insurer, _) = await NewInsurer();
        var people = string.Concat(Enumerable.Range(1, 300_000).Select(i => $"D{i};1980-01-02;1;A;;OPEN;2022-01-01;\n"));
        var status = await billing.Import(insurer, BillingFixture.Header + people + people, expected: "refused");
        status.GetProperty("refusalCode").GetString().ShouldBe("people_repeated");
        status.GetProperty("linesRead").GetInt64().ShouldBeLessThan(500_000, "refused on the way");
    }

    private static byte[] Packed(string text)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return packed.ToArray();
    }

    private async Task<(Guid Id, string Amc)> NewInsurer()
    {
        var (id, amc) = (Guid.CreateVersion7(), Interlocked.Increment(ref _amc).ToString(System.Globalization.CultureInfo.InvariantCulture));
        await billing.AddInsurer(id, amc, $"Mutuelle Fictive {amc}", "per_opinion", 295_00);
        return (id, amc);
    }

    private async Task<CheckReply> Check(string amc, string member) =>
        await billing.Client.CheckAsync(BillingFixture.Person(member, amc: amc), deadline: BillingFixture.Soon);
}
