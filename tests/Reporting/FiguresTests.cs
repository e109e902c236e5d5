using System.Diagnostics;
using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Physician;

namespace SecondOpinion.Tests.Reporting;

/// <summary>The views for chart tools, read with psql as such a tool would: by a login that may connect and no more.</summary>
public sealed class FiguresTests : IAsyncLifetime
{
    private readonly ReportingFixture _reporting = new();
    private readonly string _login = $"bi_{Guid.CreateVersion7():n}";

    public async ValueTask InitializeAsync()
    {
        await _reporting.InitializeAsync();
        await Change($"create role {_login} login password 'chart'");
        await Change($"grant connect on database \"{Settings.Database}\" to {_login}");
    }

    public async ValueTask DisposeAsync()
    {
        await Change($"revoke connect on database \"{Settings.Database}\" from {_login}");
        await Change($"drop role {_login}");
        await _reporting.DisposeAsync();
    }

    [Fact]
    public async Task Sums_of_months_that_have_ended_are_read_in_steps_of_eleven()
    {
        await _reporting.Publish([.. Enumerable.Range(0, 25).Select(object (_) => Delivered(new DateTimeOffset(2024, 3, 10, 9, 0, 0, TimeSpan.Zero)))]);
        await _reporting.Publish([.. Enumerable.Range(0, 10).Select(object (_) => Delivered(new DateTimeOffset(2024, 5, 10, 9, 0, 0, TimeSpan.Zero)))]);
        await _reporting.Publish([.. Enumerable.Range(0, 11).Select(object (_) => Delivered(TimeProvider.System.GetUtcNow()))]);

        Psql("select month, opinions from figures.opinions_by_month order by 1").Output.ShouldBe("2024-03-01|22\n2024-05-01|0\n");
        foreach (var view in await Views())
        {
            Psql($"select * from figures.{view}").Code.ShouldBe(0, view);
        }
    }

    [Theory]
    [InlineData("select * from case_fact")]
    [InlineData("select * from public.case_fact")]
    [InlineData("select * from public.event_log")]
    [InlineData("select * from rebuild.case_fact")]
    [InlineData("select public.forget_case('019a0000-0000-7000-8000-000000000000')")]
    [InlineData("select public.finish_rebuild()")]
    [InlineData("delete from figures.opinions_by_month")]
    [InlineData("create table figures.mine (n int)")]
    public void Nothing_else_can_be_read_or_done(string sql)
    {
        var (code, _, errors) = Psql(sql);

        code.ShouldNotBe(0);
        errors.ShouldMatch("permission denied|does not exist|cannot delete from view");
    }

    [Fact]
    public async Task Every_view_leaves_the_running_month_or_year_out_or_counts_no_patient()
    {
        await using var db = await _reporting.Service.Data.OpenConnectionAsync();
        var definitions = (await db.QueryAsync<(string Name, string Definition)>("select viewname, definition from pg_views where schemaname = 'figures'"))
            .AsList();

        definitions.Count.ShouldBeGreaterThan(3);
        definitions.Where(view => view.Definition.Contains("case_fact", StringComparison.Ordinal))
            .ShouldAllBe(view => view.Definition.Contains("% (11)", StringComparison.Ordinal) && view.Definition.Contains("now()", StringComparison.Ordinal));
    }

    private NpgsqlConnectionStringBuilder Settings => new(_reporting.Service.Data.ConnectionString);

    private async Task<IReadOnlyList<string>> Views()
    {
        await using var db = await _reporting.Service.Data.OpenConnectionAsync();
        return (await db.QueryAsync<string>("select viewname from pg_views where schemaname = 'figures'")).AsList();
    }

    private async Task Change(string sql)
    {
        await using var db = await _reporting.Service.Data.OpenConnectionAsync();
        await db.ExecuteAsync(sql);
    }

    private (int Code, string Output, string Errors) Psql(string sql)
    {
        var start = new ProcessStartInfo("psql", ["-X", "-A", "-t", "-c", sql])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PGHOST"] = Settings.Host, ["PGPORT"] = $"{Settings.Port}", ["PGDATABASE"] = Settings.Database, ["PGUSER"] = _login, ["PGPASSWORD"] = "chart",
            },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    private static OpinionDelivered Delivered(DateTimeOffset at) => new()
    {
        OpinionId = Guid.CreateVersion7(),
        CaseId = Guid.CreateVersion7(),
        PhysicianId = Guid.CreateVersion7(),
        Version = 1,
        DeliveredAt = at,
    };
}
