using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>A roster that answers is never lost: not to a lock, not to a file that is much too small.</summary>
public sealed class RosterSafetyTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    [Fact]
    public async Task A_transaction_that_reads_an_old_version_does_not_cost_the_live_one()
    {
        var insurer = await billing.NewInsurer("99000301");
        await billing.Import(insurer, File(1));
        var table = await billing.Scalar<string>("select table_name from roster_version where insurer_id = @insurer and version = 1", new { insurer });

        // As pg_dump does: a read lock on the oldest version for as long as the fourth import takes.
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        await using (await db.BeginTransactionAsync())
        {
            await db.ExecuteAsync($"select count(*) from {table}");
            JsonElement last = default;
            for (var version = 2; version <= 4; version++)
            {
                last = await billing.Import(insurer, File(version));
            }

            await Ended(billing, insurer, last);
            (await Check("99000301", "V4")).Covered.ShouldBeTrue();
            (await billing.Scalar<bool>("select to_regclass(@table) is not null", new { table })).ShouldBeTrue("somebody reads it");
        }

        (await Check("99000301", "V4")).Covered.ShouldBeTrue();
        await billing.Import(insurer, File(5));
        await Eventually.True(
            async () => !await billing.Scalar<bool>("select to_regclass(@table) is not null", new { table }), "the old version goes with the next import");
    }

    [Fact]
    public async Task A_switch_that_the_server_breaks_off_in_its_commit_is_tried_until_it_is_made()
    {
        var insurer = await billing.NewInsurer("99000302");
        await billing.Import(insurer, File(1));

        // The server itself breaks the connection amid the commit, each time that a version is written.
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        await db.ExecuteAsync(
            """
            create function lose_the_answer() returns trigger language plpgsql as $$
            begin
              perform pg_terminate_backend(pg_backend_pid());
              return null;
            end $$;
            create constraint trigger lose_the_answer after insert on roster_version deferrable initially deferred
              for each row when (new.version = 2) execute function lose_the_answer();
            """);
        var id = await billing.Announce(insurer, Encoding.UTF8.GetByteCount(File(2)));
        await billing.Send(id, 0, Encoding.UTF8.GetBytes(File(2)));
        await Eventually.True(
            async () => await billing.Scalar<int>("select attempts from roster_import where id = @id", new { id }) > 0, "the switch was tried");
        await Eventually.True(async () => (await Check("99000302", "V1")).Covered, "the former version answers while the outcome is unknown");
        await db.ExecuteAsync("drop trigger lose_the_answer on roster_version");
        await billing.Over(id, "imported");
        (await Check("99000302", "V2")).Covered.ShouldBeTrue();
    }

    [Fact]
    public async Task A_switch_that_committed_and_was_never_told_so_keeps_the_roster_that_it_made()
    {
        var other = new BillingFixture();
        await using var _ = other;
        await other.InitializeAsync();
        var address = new NpgsqlConnectionStringBuilder(other.Service.Services.GetRequiredService<IConfiguration>().GetConnectionString("billing"));
        using var line = new BreakingLine(address.Host!, address.Port);
        (address.Host, address.Port) = (IPAddress.Loopback.ToString(), line.Port);
        await other.Service.Stop();
        await other.Service.Start(new Dictionary<string, string?> { ["ConnectionStrings:billing"] = address.ConnectionString });
        var insurer = await other.NewInsurer("99000308");
        await other.Import(insurer, File(1));

        line.BreakAtCommitAfter("insert into roster_version (");
        var status = await other.Import(insurer, File(2));
        await Eventually.True(() => line.HasBroken, "the answer to the commit was lost");
        await Ended(other, insurer, status);

        var reply = await other.Client.CheckAsync(BillingFixture.Person("V2", amc: "99000308"), deadline: BillingFixture.Soon);
        reply.Covered.ShouldBeTrue();
    }

    [Fact]
    public async Task A_table_that_a_version_names_is_never_taken_back()
    {
        var insurer = await billing.NewInsurer("99000303");
        await billing.Import(insurer, File(1));
        var table = await billing.Scalar<string>("select table_name from roster_version where insurer_id = @insurer", new { insurer });
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        (await SecondOpinion.Billing.Rosters.Engine.RosterTable.TryDrop(db, table)).ShouldBeFalse();
        (await Check("99000303", "V1")).Covered.ShouldBeTrue();
    }

    [Fact]
    public async Task A_much_smaller_roster_waits_for_approval_and_is_taken_only_then()
    {
        var insurer = await billing.NewInsurer("99000304");
        await billing.Import(insurer, People(300));
        var status = await Held(insurer, People(5));
        status.GetProperty("membersBefore").GetInt64().ShouldBe(300);
        status.GetProperty("membersAfter").GetInt64().ShouldBe(5);
        (await Check("99000304", "P300")).Covered.ShouldBeTrue("the former one serves on");

        var id = status.GetProperty("id").GetGuid();
        var partner = billing.Service.Http(TestTokens.Partner(insurer));
        (await partner.PostAsync($"/api/v1/rosters/{id}/approve", null)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "ops decides, not who sent it");
        (await billing.Ops.PostAsync($"/api/v1/rosters/{id}/approve", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        await billing.Over(id, "imported");
        (await Check("99000304", "P300")).Covered.ShouldBeFalse();
        (await Check("99000304", "P5")).Covered.ShouldBeTrue();
        (await billing.Scalar<string>("select decided_by from roster_import where id = @id", new { id })).ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task A_refused_drop_leaves_the_roster_in_force_and_an_approval_holds_for_its_own_counts_only()
    {
        var insurer = await billing.NewInsurer("99000305");
        await billing.Import(insurer, People(100));
        var refused = (await Held(insurer, People(10))).GetProperty("id").GetGuid();
        (await billing.Ops.PostAsync($"/api/v1/rosters/{refused}/refuse", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await billing.Over(refused, "refused")).GetProperty("refusalCode").GetString().ShouldBe("drop_refused");
        (await billing.Ops.PostAsync($"/api/v1/rosters/{refused}/approve", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        // Approved against 100 members; meanwhile 120 are in force: that is another question.
        var stale = (await Held(insurer, People(20))).GetProperty("id").GetGuid();
        await billing.Import(insurer, People(120));
        await billing.Ops.PostAsync($"/api/v1/rosters/{stale}/approve", null);
        await Eventually.True(
            async () =>
                await billing.Scalar<string>(
                    "select state from roster_import where id = @stale and members_before = 120", new { stale }) == "awaiting_approval", "it waits again");
        (await Check("99000305", "P120")).Covered.ShouldBeTrue();
        await billing.Import(insurer, People(96), expected: "imported");
    }

    [Fact]
    public async Task A_delta_that_removes_most_of_a_roster_waits_too()
    {
        var insurer = await billing.NewInsurer("99000306");
        await billing.Import(insurer, People(50));
        var delta = "operation;numero_adherent;date_naissance;rang;lien;contrat;debut\n"
            + string.Concat(Enumerable.Range(1, 40).Select(i => $"S;P{i};1980-01-02;1;;;\n"));
        (await Held(insurer, delta, "delta")).GetProperty("membersAfter").GetInt64().ShouldBe(10);
    }

    [Fact]
    public async Task A_withdrawal_that_comes_before_the_reservation_leaves_no_use_held()
    {
        var caseId = Guid.CreateVersion7();
        await billing.Service.Broker.Publish(new CaseWithdrawn { CaseId = caseId, WithdrawnAt = DateTimeOffset.UnixEpoch });
        await Eventually.True(async () => await billing.Scalar<bool>("select exists (select from withdrawn_case where case_id = @caseId)", new { caseId }),
            "the withdrawal is kept");
        var reply =
            await billing.Client.ReserveAsync(
                new ReserveRequest { CaseId = caseId.ToString(), Person = BillingFixture.Person("A4", "1990-09-10") }, deadline: BillingFixture.Soon);
        reply.Reserved.ShouldBeFalse();
        reply.RefusalCode.ShouldBe("case_released");
        (await billing.Scalar<int>("select count(*) from coverage where case_id = @caseId", new { caseId })).ShouldBe(0);
        (await Check(BillingFixture.Amc, "A4", "1990-09-10")).RemainingUses.ShouldBe(1);
    }

    [Fact]
    public async Task A_holders_nir_that_leads_to_several_memberships_picks_the_one_valid_on_the_day_and_always_the_same()
    {
        var insurer = await billing.NewInsurer("99000307");
        const string nir = "180017512345660";
        string[] lines =
        [
            $"OLD;1980-01-02;1;A;{nir};OPEN;2020-01-01;2021-12-31", $"NEW;1980-01-02;1;A;{nir};OPEN;2023-01-01;",
            $"OTHER;1980-01-02;1;A;{nir};ESSENTIEL;2024-01-01;",
        ];
        var numbers = new HashSet<string>();
        foreach (var order in new[] { lines, [.. lines.Reverse()], [lines[1], lines[2], lines[0]] })
        {
            await billing.Import(insurer, BillingFixture.Header + string.Join('\n', order) + "\n");
            var reply =
                await billing.Client.CheckAsync(
                    new CheckRequest { AmcNumber = "99000307", HolderNir = nir, BirthDate = "1980-01-02", BirthRank = 1 }, deadline: BillingFixture.Soon);
            reply.Covered.ShouldBeTrue(reply.RefusalCode);
            reply.CoveredFrom.ShouldBe("2023-01-01");
            numbers.Add(reply.EngagementNumber);
        }

        numbers.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Files_of_the_spool_are_private_to_the_process()
    {
        var id = await billing.Announce(BillingFixture.InsurerId, 10);
        new FileInfo(Path.Combine(billing.Spool, $"{id:n}.roster")).UnixFileMode.ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        new DirectoryInfo(billing.Spool).UnixFileMode.ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static string File(int version) => $"{BillingFixture.Header}V{version};1980-01-02;1;A;;OPEN;2022-01-01;\n";

    private static string People(int count) =>
        BillingFixture.Header + string.Concat(Enumerable.Range(1, count).Select(i => $"P{i};1980-01-02;1;A;;OPEN;2022-01-01;\n"));

    private async Task<JsonElement> Held(Guid insurer, string csv, string kind = "whole")
    {
        var id = await billing.Announce(insurer, Encoding.UTF8.GetByteCount(csv), kind);
        (await billing.Send(id, 0, Encoding.UTF8.GetBytes(csv))).EnsureSuccessStatusCode();
        JsonElement status = default;
        await Eventually.True(async () =>
        {
            status = await billing.Ops.GetFromJsonAsync<JsonElement>($"/api/v1/rosters/{id}");
            return status.GetProperty("state").GetString() is "awaiting_approval" or "imported" or "refused" or "failed";
        }, "the import waits for approval");
        status.GetProperty("state").GetString().ShouldBe("awaiting_approval");
        return status;
    }

    /// <summary>What follows the switch is over too, and the table that answers is there.</summary>
    private static async Task Ended(BillingFixture billing, Guid insurer, JsonElement import)
    {
        var live = await billing.Scalar<string>(
            "select v.table_name from roster_version v join roster r using (insurer_id, version) where insurer_id = @insurer", new { insurer });
        var file = Path.Combine(billing.Spool, $"{import.GetProperty("id").GetGuid():n}.roster");
        await Eventually.True(async () => !System.IO.File.Exists(file) || !await IsThere(), "the import has ended");
        (await IsThere()).ShouldBeTrue("the roster that answers");

        Task<bool> IsThere() => billing.Scalar<bool>("select to_regclass(@live) is not null", new { live });
    }

    private async Task<CheckReply> Check(string amc, string member, string birth = "1980-01-02") =>
        await billing.Client.CheckAsync(BillingFixture.Person(member, birth, amc), deadline: BillingFixture.Soon);

    /// <summary>A line to the database that breaks once, when the server has answered a commit and the client has not heard it.</summary>
    private sealed class BreakingLine : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly string _host;
        private readonly int _port;
        private string? _after;

        public BreakingLine(string host, int port)
        {
            (_host, _port) = (host, port);
            _listener.Start();
            _ = Accept();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public bool HasBroken { get; private set; }

        public void BreakAtCommitAfter(string statement) => _after = statement;

        public void Dispose() => _listener.Dispose();

        private async Task Accept()
        {
            try
            {
                while (true)
                {
                    _ = Carry(await _listener.AcceptTcpClientAsync());
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task Carry(TcpClient client)
        {
            using var near = client;
            using var far = new TcpClient();
            await far.ConnectAsync(_host, _port);
            var (seen, breaks) = (false, false);
            await Task.WhenAny(
                Pass(near, far, text =>
                {
                    seen |= _after is { } after && text.Contains(after, StringComparison.Ordinal);
                    breaks |= seen && text.Contains("COMMIT", StringComparison.Ordinal);
                    return true;
                }),
                Pass(far, near, _ => !breaks));
            if (breaks)
            {
                (_after, HasBroken) = (null, true);
            }
        }

        private static async Task Pass(TcpClient from, TcpClient to, Func<string, bool> goesOn)
        {
            var buffer = new byte[64 * 1024];
            try
            {
                while (await from.GetStream().ReadAsync(buffer) is > 0 and var read && goesOn(Encoding.Latin1.GetString(buffer, 0, read)))
                {
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
                }
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                // One side has gone: so does the other.
            }
        }
    }
}
