using System.Diagnostics;
using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.Servers;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>A database that is away for longer than all tries together costs no event.</summary>
public sealed class DatabaseOutageTests
{
    /// <summary>Seven tries of one message take about thirteen seconds when each fails at once.</summary>
    private static readonly TimeSpan LongerThanAllTries = TimeSpan.FromSeconds(25);

    [Theory]
    [InlineData("00:20:00")]
    [InlineData("00:00:03")]
    public async Task Every_event_is_handled_once_after_the_databases_return_and_none_is_given_up(string longestHold)
    {
        var folder = Directory.CreateTempSubdirectory("outage-").FullName;
        await Outlives(folder, longestHold);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("57P01", true)]
    [InlineData("57P03", true)]
    [InlineData("08006", true)]
    [InlineData("53100", true)]
    [InlineData("53300", true)]
    [InlineData("25006", true)]
    [InlineData("28P01", true)]
    [InlineData("57014", false)]
    [InlineData("23505", false)]
    [InlineData("40001", false)]
    [InlineData("55P03", false)]
    [InlineData("42P01", false)]
    public void A_statement_that_the_server_refused_is_no_outage(string state, bool away)
    {
        var fault = new PostgresException("…", "ERROR", "ERROR", state);
        DatabaseFault.IsAway(fault).ShouldBe(away);
        DatabaseFault.IsAway(new InvalidOperationException("…", fault)).ShouldBe(away);
    }

    private static async Task Outlives(string folder, string longestHold)
    {
        await using var servers = await PrivateServers.Start(folder, broker: false, TestContext.Current.CancellationToken);
        var database = await TestDatabases.Empty(servers.Postgres.ConnectionString, "probe");
        await using var probe = await ServiceUnderTest<Program>.Start(
            "probe", new Dictionary<string, string?>
            {
                ["ConnectionStrings:probe"] = database.Service,
                ["ConnectionStrings:probe_owner"] = database.Owner,
                ["Messaging:LongestHold"] = longestHold,
            });
        await using var link = new BrokerLink(probe.Broker.Address);
        var ids = Enumerable.Range(0, 40).Select(_ => Guid.CreateVersion7()).ToList();
        await Publish(probe, ids[..10]);
        await using var data = NpgsqlDataSource.Create(database.Administrator + ";Pooling=false");
        await Eventually.True(async () => (await Handled(data)).Count == 10, "the first are handled");

        var postmaster = int.Parse(File.ReadLines(Path.Combine(folder, "postgres/data/postmaster.pid")).First(),
            System.Globalization.CultureInfo.InvariantCulture);
        using (var server = Process.GetProcessById(postmaster))
        {
            server.Kill();
        }

        var away = Stopwatch.StartNew();
        await Publish(probe, ids[10..]);
        await Eventually.True(() => away.Elapsed > LongerThanAllTries, "all tries would be used up");
        await servers.StartAgain(servers.Postgres, TestContext.Current.CancellationToken);

        await Eventually.True(async () => (await Handled(data)).Count >= ids.Count, "all are handled");
        (await Handled(data)).Order().ShouldBe(ids.Order(), "each once");
        (await link.Look("probe-count-withdrawals_dead", default))!.MessageCount.ShouldBe(0u);
        (await link.Look("probe-count-withdrawals_error", default)).ShouldBeNull();
        await Eventually.True(async () => (await link.Look("probe-count-withdrawals", default))!.MessageCount == 0, "no copy is left");
    }

    private static async Task Publish(ServiceUnderTest<Program> probe, IEnumerable<Guid> ids)
    {
        foreach (var id in ids)
        {
            await probe.Broker.Publish(new CaseWithdrawn { CaseId = id, WithdrawnAt = DateTimeOffset.UnixEpoch });
        }
    }

    private static async Task<List<Guid>> Handled(NpgsqlDataSource data)
    {
        await using var db = await data.OpenConnectionAsync();
        return (await db.QueryAsync<Guid>("select case_id from withdrawal")).AsList();
    }
}
