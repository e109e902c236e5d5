using System.Security.Claims;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Telemetry;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>Whoever can do everything in the database, and nothing beside it, cannot touch the audit record unnoticed.</summary>
public sealed class AuditChainTests : IAsyncLifetime
{
    private static readonly ClaimsPrincipal Reader = new(new ClaimsIdentity(
        [new Claim("role", Roles.Agent), new Claim("sub", Guid.CreateVersion7().ToString())], "test"));

    private readonly string _folder = Directory.CreateTempSubdirectory("audit-").FullName;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddLogging().AddSingleton(TimeProvider.System)
        .AddSingleton(new ServiceName("probe")).AddSingleton<ServiceMetrics>().AddSingleton<BackgroundJobs>().BuildServiceProvider();

    private AuditHeads _heads = null!;
    private NpgsqlDataSource _service = null!;
    private NpgsqlDataSource _administrator = null!;

    public async ValueTask InitializeAsync()
    {
        SqlTypes.Map(typeof(Program).Assembly);
        var database = await TestDatabases.Create(typeof(Program).Assembly);
        _service = NpgsqlDataSource.Create(database.Service);
        // No trigger stops who administers the database.
        _administrator = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(database.Administrator) { Options = "-c session_replication_role=replica" }.ConnectionString);
        _heads = new AuditHeads(new AuditSettings { HeadsPath = _folder, Key = Convert.ToBase64String(new byte[32]) }, "probe");
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        await _administrator.DisposeAsync();
        await _services.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public static TheoryData<string, string, string, long?> Attacks => new()
    {
        { "a record is changed", "update audit_record set actor = 'somebody else' where id = @five", "record of link 5 was changed", 5 },
        { "its time is changed", "update audit_record set at = at + interval '1 microsecond' where id = @five", "record of link 5 was changed", 5 },
        { "a record is removed", "delete from audit_record where id = @five", "record of link 5 was removed", 5 },
        { "a link is removed with its record", "delete from audit_link where seq = 5; delete from audit_record where id = @five", "Link 5 is missing", 5 },
        { "the first is removed", "delete from audit_link where seq = 1", "Link 1 is missing", 1 },
        {
            "the end is cut off", "delete from audit_record where id in (select record_id from audit_link where seq > 7); delete from audit_link where seq > 7",
            "link 10 was noted", 8
        },
        {
            "everything is emptied", "delete from audit_record; delete from audit_link", "link 10 was noted", 1
        },
        {
            "two records change places",
            """
            update audit_link set record_id = gen_random_uuid() where seq = 4;
            update audit_link set record_id = (select id from audit_record where id not in (select record_id from audit_link) and id <> @five) where seq = 5;
            update audit_link set record_id = @five where seq = 4
            """, "record of link 4 was changed or exchanged", 4
        },
        {
            "a record is slipped in",
            """
            insert into audit_record (id, actor_role, actor, action, object_type, object_id, purpose)
            values (gen_random_uuid(), 'physician', 'x', 'read', 'dossier', 'x', 'second_opinion')
            """, "1 records stand outside the chain", null
        },
        {
            "a record is removed before it is linked",
            "insert into audit_pending values (gen_random_uuid())", "1 records were removed before they were linked", null
        },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task An_attack_is_found_at_its_place(string attack, string sql, string fault, long? seq)
    {
        attack.ShouldNotBeEmpty();
        await Write(10);
        (await NewLinker().Extend(TestContext.Current.CancellationToken)).ShouldBe(10);
        (await Verify()).ShouldBe(new AuditReport(10, 0, 1, null, null));
        await using var db = await _administrator.OpenConnectionAsync();

        await db.ExecuteAsync(sql, new { five = await db.ExecuteScalarAsync<Guid>("select record_id from audit_link where seq = 5") });

        var report = await Verify();
        report.Fault.ShouldNotBeNull().ShouldContain(fault);
        report.Seq.ShouldBe(seq);
    }

    [Fact]
    public async Task A_chain_that_was_written_anew_from_a_changed_record_on_differs_from_its_noted_end()
    {
        await Write(10);
        await NewLinker().Extend(TestContext.Current.CancellationToken);
        await using (var db = await _administrator.OpenConnectionAsync())
        {
            // With the program itself, as somebody who has its source would.
            await db.ExecuteAsync(
                """
                update audit_record set actor = 'somebody else' where id = (select record_id from audit_link where seq = 5);
                insert into audit_pending select record_id from audit_link;
                delete from audit_link
                """);
        }

        var withoutNotes = new AuditHeads(new AuditSettings(), "probe");
        await NewLinker(withoutNotes).Extend(TestContext.Current.CancellationToken);

        (await VerifyAudit.Verify(_service, withoutNotes, TestContext.Current.CancellationToken)).Fault.ShouldBeNull("a chain alone does not show it");
        var report = await Verify();
        report.Fault.ShouldNotBeNull().ShouldContain("written anew");
        report.Seq.ShouldBe(10);
    }

    [Fact]
    public async Task A_head_that_somebody_without_the_key_wrote_is_found()
    {
        await Write(2);
        await NewLinker().Extend(TestContext.Current.CancellationToken);
        var file = Directory.GetFiles(_folder).ShouldHaveSingleItem();
        var line = (await File.ReadAllLinesAsync(file)).ShouldHaveSingleItem();
        if (!OperatingSystem.IsWindows())
        {
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }


        await File.WriteAllTextAsync(file, $"1{line[1..]}\n");

        (await Verify()).Fault.ShouldNotBeNull().ShouldContain("Line 1 of the noted heads");
    }

    [Fact]
    public async Task Sixteen_writers_and_three_instances_make_one_chain()
    {
        using var done = new CancellationTokenSource();
        var linkers = Enumerable.Range(0, 3).Select(_ => NewLinker()).ToList();
        var linking = linkers.Select(linker => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await linker.Extend(CancellationToken.None);
            }
        })).ToList();

        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => Write(100))));
        await Eventually.True(async () => (await Verify()).Links == 1600, "everything is linked");
        await done.CancelAsync();
        await Task.WhenAll(linking);

        var report = await Verify();
        (report.Links, report.Pending, report.Fault).ShouldBe((1600, 0, null));
    }

    [Fact]
    public async Task The_service_itself_can_neither_change_nor_remove_a_link()
    {
        await Write(1);
        await NewLinker().Extend(TestContext.Current.CancellationToken);
        await using var db = await _service.OpenConnectionAsync();

        foreach (var sql in (string[])["update audit_link set seq = 2", "delete from audit_link", "truncate audit_link", "delete from audit_record"])
        {
            (await Should.ThrowAsync<PostgresException>(() => db.ExecuteAsync(sql))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }
    }

    private LinkAudit NewLinker(AuditHeads? heads = null) => new(_service, heads ?? _heads, _services.GetRequiredService<BackgroundJobs>());

    private Task<AuditReport> Verify() => VerifyAudit.Verify(_service, _heads, TestContext.Current.CancellationToken);

    private async Task Write(int records)
    {
        await using var db = await _service.OpenConnectionAsync();
        for (var i = 0; i < records; i++)
        {
            await AuditTrail.Record(db, Reader, "read", "dossier", Guid.CreateVersion7(), "second_opinion");
        }
    }
}
