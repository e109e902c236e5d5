using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Servers;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>kill -9 in the middle of an import, of the service and of PostgreSQL: the former roster serves on, and the import ends by itself.</summary>
public sealed class CrashTests
{
    private const string Amc = "99000777";
    private const int Lines = 400_000;

    [Fact]
    public async Task The_service_killed_in_mid_import_serves_the_former_roster_and_then_ends_the_import()
    {
        var database = await TestDatabases.Create(typeof(Program).Assembly);
        await using var broker = await TestBroker.Start();
        await using var data = NpgsqlDataSource.Create(database.Administrator);
        using var spool = new TemporaryFolder();
        var settings = await Settings(spool.Path, database, broker);

        Guid import;
        await using (var first = await ServiceProcess.Start(settings))
        {
            var insurer = await AddInsurer(first.Http);
            await Upload(first.Http, insurer, Roster("OLD", 1000), wait: true);
            import = await Upload(first.Http, insurer, Roster("NEW", Lines), wait: false);
            await Eventually.True(() => InMidImport(data, import), "the import has read some lines");
            first.Kill();
        }

        (await State(data, import)).ShouldBe("running", "nobody was left to say anything else");
        await using var second = await ServiceProcess.Start(settings);
        var client = new Eligibility.EligibilityClient(second.Channel);
        (await client.CheckAsync(Person("OLD1000"), deadline: BillingFixture.Soon)).RosterVersion.ShouldBe(1);
        await Eventually.True(async () => await State(data, import) == "imported", "the import is taken up and ends", TimeSpan.FromSeconds(60));
        (await client.CheckAsync(Person("NEW400000"), deadline: BillingFixture.Soon)).Covered.ShouldBeTrue();
        await OnlyTablesOfVersions(data, 2);
    }

    [Fact]
    public async Task PostgreSQL_killed_in_mid_import_comes_back_with_the_former_roster_and_the_import_ends()
    {
        using var folder = new TemporaryFolder();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var servers = await PrivateServers.Start(folder.Path, broker: false, limit.Token);
        var database = await TestDatabases.Empty(servers.Postgres.ConnectionString, "billing");
        await using var data = NpgsqlDataSource.Create(database.Administrator);
        await using var broker = await TestBroker.Start();
        using var spool = new TemporaryFolder();
        await using var service = await ServiceProcess.Start(await Settings(spool.Path, database, broker));

        var insurer = await AddInsurer(service.Http);
        await Upload(service.Http, insurer, Roster("OLD", 1000), wait: true);
        var import = await Upload(service.Http, insurer, Roster("NEW", Lines), wait: false);
        await Eventually.True(() => InMidImport(data, import), "the import has read some lines");
        var postmaster =
            int.Parse(
                File.ReadLines(Directory.GetFiles(folder.Path, "postmaster.pid", SearchOption.AllDirectories).Single()).First(), CultureInfo.InvariantCulture);
        using (var process = Process.GetProcessById(postmaster))
        {
            process.Kill();
        }

        await servers.StartAgain(servers.Postgres, limit.Token);
        var client = new Eligibility.EligibilityClient(service.Channel);
        CheckReply? reply = null;
        await Eventually.True(async () =>
        {
            try
            {
                reply = await client.CheckAsync(Person("OLD1000"), deadline: BillingFixture.Soon);
                return true;
            }
            catch (Grpc.Core.RpcException)
            {
                return false;
            }
        }, "checks are answered again", TimeSpan.FromSeconds(60));
        (reply!.RosterVersion == 1 && reply.Covered || reply.RosterVersion == 2).ShouldBeTrue();
        await Eventually.True(async () => await Answered(() => State(data, import)) == "imported", "the import is taken up and ends", TimeSpan.FromSeconds(60));
        // The kill took the connection that hears of a new roster, too: it is there again within seconds, and reads what it missed.
        await Eventually.True(
            async () => (await client.CheckAsync(Person("NEW400000"), deadline: BillingFixture.Soon)).Covered, "the new roster answers",
            TimeSpan.FromSeconds(15));
        await OnlyTablesOfVersions(data, 2);
    }

    private static async Task<Dictionary<string, string?>> Settings(string spool, TestDatabase database, TestBroker broker) => new(TestTokens.Settings)
    {
        ["Beneficiaries:Keys:k1"] = Convert.ToBase64String("the first hashing key of tests !"u8),
        ["Beneficiaries:CurrentKey"] = "k1",
        ["Rosters:SpoolPath"] = spool,
        ["ConnectionStrings:billing"] = database.Service,
        ["ConnectionStrings:billing_owner"] = database.Owner,
        ["ConnectionStrings:rabbitmq"] = (await broker.AddressFor("billing")).AbsoluteUri,
    };

    private static CheckRequest Person(string member) => BillingFixture.Person(member, amc: Amc);

    private static byte[] Roster(string name, int lines)
    {
        var csv = new StringBuilder(BillingFixture.Header);
        for (var i = 1; i <= lines; i++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{name}{i};1980-01-02;1;A;;OPEN;2022-01-01;\n");
        }

        return Encoding.ASCII.GetBytes(csv.ToString());
    }

    private static async Task<Guid> AddInsurer(HttpClient ops)
    {
        var address = new { name = "x", street = "x", postCode = "99001", city = "Ville-Fictive" };
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/insurers")
        {
            Content =
                JsonContent.Create(
                    new { amcNumber = Amc, details = new { name = "Mutuelle Fictive des Pannes", kind = "mutuelle", invoicingAddress = address } }),
            Headers = { { "Idempotency-Key", "add" } },
        };
        var answer = await ops.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        var id = (await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>()).GetProperty("id").GetGuid();
        var contract = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/insurers/{id}/contracts/OPEN")
        {
            Content = JsonContent.Create(new
            {
                appliesFrom = "2021-01-01",
                label = "x",
                kind = "sante",
                serviceIncluded = true,
                usesPerPerson = (int?)null,
                usesPerFamily = (int?)null,
                waitingDays = 0,
                validFrom = "2021-01-01",
                validTo = (string?)null,
                pricing = "per_opinion",
                priceCents = 29500,
            }),
            Headers = { { "If-Match", "\"v0\"" } },
        };
        (await ops.SendAsync(contract)).EnsureSuccessStatusCode();
        return id;
    }

    private static async Task<Guid> Upload(HttpClient ops, Guid insurerId, byte[] file, bool wait)
    {
        var announce =
            new HttpRequestMessage(HttpMethod.Post, "/api/v1/rosters")
            {
                Content = JsonContent.Create(new { insurerId, kind = "whole", sizeBytes = file.Length }),
            };
        announce.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        var answer = await ops.SendAsync(announce);
        answer.EnsureSuccessStatusCode();
        var id = (await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>()).GetProperty("id").GetGuid();
        var content =
            new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/rosters/{id}/content")
            {
                Content = new ByteArrayContent(file),
                Headers = { { "Upload-Offset", "0" } },
            };
        (await ops.SendAsync(content)).EnsureSuccessStatusCode();
        if (wait)
        {
            await Eventually.True(
                async () => (await ops.GetStringAsync($"/api/v1/rosters/{id}")).Contains("\"imported\"", StringComparison.Ordinal), "the first roster answers");
        }

        return id;
    }

    private static async Task<bool> InMidImport(NpgsqlDataSource data, Guid import)
    {
        await using var db = await data.OpenConnectionAsync();
        var (state, lines) = await db.QuerySingleAsync<(string, long)>("select state, lines_read from roster_import where id = @import", new { import });
        state.ShouldNotBe("imported", "the import was over before it could be killed");
        return state == "running" && lines > 0;
    }

    private static async Task<string?> State(NpgsqlDataSource data, Guid import)
    {
        await using var db = await data.OpenConnectionAsync();
        return await db.ExecuteScalarAsync<string>("select state from roster_import where id = @import", new { import });
    }

    private static async Task<T?> Answered<T>(Func<Task<T>> question)
    {
        try
        {
            return await question();
        }
        catch (NpgsqlException)
        {
            return default;
        }
    }

    private static async Task OnlyTablesOfVersions(NpgsqlDataSource data, int versions)
    {
        await using var db = await data.OpenConnectionAsync();
        (await db.ExecuteScalarAsync<int>("select count(*) from information_schema.tables where table_schema = 'rosters'"))
            .ShouldBe(versions, "a killed import leaves no table behind");
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("billing-crash-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
