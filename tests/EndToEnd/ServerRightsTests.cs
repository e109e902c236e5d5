using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;
using SecondOpinion.Contracts;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>
/// Nobody is superuser (docs/decisions/0073): every role is tried on every database and table, every user on every exchange and queue of the running system,
/// wherever it has no business.
/// </summary>
[Collection(OnSharedSystem.Name)]
public sealed class ServerRightsTests(SharedSystem system)
{
    private const string Refused = "42501";
    private const ushort AccessRefused = 403;
    private static readonly string[] Services = ["billing", "intake", "matching", "physician", "reporting"];

    /// <summary>By meaning, whatever the migrations say: what happened stays happened.</summary>
    private static readonly Dictionary<string, string[]> History = new()
    {
        ["billing"] = ["insurer_version", "contract_version", "coverage_refusal", "withdrawn_case", "ledger_account", "ledger_transaction", "ledger_line",
            "ledger_number"],
        ["intake"] = ["case_move", "consent", "confirmation"],
        ["matching"] = ["escalation"],
        ["physician"] = ["opinion", "opinion_version"],
        ["reporting"] = ["event_log", "state_change_fact"],
        ["identity"] = [],
    };

    [Fact]
    public async Task No_role_gets_into_a_database_that_is_not_its_own()
    {
        string[] databases = [.. History.Keys, "postgres", "template1"];
        var entered = new List<string>();
        foreach (var service in History.Keys)
        {
            foreach (var database in databases.Where(d => d != service))
            {
                foreach (var role in (string[])[service, $"{service}_owner"])
                {
                    var address = new NpgsqlConnectionStringBuilder(Connection(service, role == service)) { Database = database, Pooling = false };
                    await using var connection = new NpgsqlConnection(address.ConnectionString);
                    try
                    {
                        await connection.OpenAsync(TestContext.Current.CancellationToken);
                        entered.Add($"{role} into {database}");
                    }
                    catch (PostgresException refusal) when (refusal.SqlState == Refused)
                    {
                        connection.State.ShouldBe(System.Data.ConnectionState.Closed);
                    }
                }
            }
        }

        entered.ShouldBeEmpty();
    }

    [Fact]
    public async Task No_service_changes_its_tables_or_what_is_append_only()
    {
        var done = new List<string>();
        foreach (var (service, history) in History)
        {
            await using var db = new NpgsqlConnection(Connection(service, asService: true) + ";Pooling=false");
            await db.OpenAsync(TestContext.Current.CancellationToken);
            var tables = await List(db, "select tablename from pg_tables where schemaname = 'public' order by 1");
            tables.ShouldContain("audit_record");
            history.Except(tables).ShouldBeEmpty("the list above is of these tables");
            List<string> statements =
            [
                "create table public.mine ()", "create schema mine", "create role mine", $"set role {service}_owner", "alter role postgres password 'x'",
                "select count(*) from pg_authid", "copy (select 1) to program 'true'", "select pg_read_file('PG_VERSION')", "alter system set port = 1",
                "insert into schema_migration (name, sha256) values ('x', 'x')",
            ];
            foreach (var table in tables.Select(t => $"\"{t}\""))
            {
                statements.AddRange(
                    [$"truncate {table}", $"drop table {table}", $"alter table {table} add column mine int", $"alter table {table} disable trigger all"]);
            }

            foreach (var table in history.Concat(["audit_record", "schema_migration", "service_secret"]))
            {
                var columns = await List(
                    db, $"select attname from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 and attidentity = '' order by attnum");
                var column = columns[0];
                statements.AddRange([$"update {table} set {column} = {column} where false", $"delete from {table} where false"]);
            }

            foreach (var statement in statements)
            {
                if (!await IsRefused(db, statement))
                {
                    done.Add($"{service}: {statement}");
                }
            }
        }

        done.ShouldBeEmpty();
    }

    [Fact]
    public async Task No_user_reaches_an_exchange_or_a_queue_that_its_contracts_do_not_name()
    {
        using var management = new HttpClient { BaseAddress = system.BrokerManagement };
        management.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(system.BrokerAdministrator)));
        var exchanges = await Names(management, "/api/exchanges");
        var queues = await Names(management, "/api/queues");
        exchanges.Count.ShouldBeGreaterThan(40);
        queues.Count.ShouldBeGreaterThan(20);
        var done = new List<string>();
        var tried = 0;
        foreach (var service in Services)
        {
            await using var connection = await new ConnectionFactory
            {
                Uri = new Uri(Processes.Variable(system.Pid(service), "ConnectionStrings__rabbitmq")!),
                AutomaticRecoveryEnabled = false,
            }.CreateConnectionAsync(TestContext.Current.CancellationToken);
            var heard = Subscriptions.All[service].Select(e => ((MassTransit.EntityNameAttribute)e.GetCustomAttributes(typeof(MassTransit.EntityNameAttribute),
                false).Single()).EntityName).ToHashSet();
            bool IsOwn(string name) => name.StartsWith($"{service}-", StringComparison.Ordinal) || name.StartsWith($"{service}.", StringComparison.Ordinal);
            var queue = queues.First(IsOwn);
            List<(string What, Func<IChannel, Task> Try)> attempts =
            [
                .. exchanges.Where(e => !IsOwn(e)).Select(e => ($"publish to '{e}'", (Func<IChannel, Task>)(c =>
                    c.BasicPublishAsync(e, "intake-mark-offered", false, new BasicProperties(), ReadOnlyMemory<byte>.Empty).AsTask()))),
                .. exchanges.Where(e => !IsOwn(e) && !heard.Contains(e) && e.Length > 0).SelectMany(e => ((string, Func<IChannel, Task>)[])
                [
                    ($"bind to '{e}'", c => c.QueueBindAsync(queue, e, "x")),
                    ($"declare exchange '{e}'", c => c.ExchangeDeclareAsync(e, ExchangeType.Fanout, durable: true)),
                ]),
                .. queues.Where(q => !IsOwn(q)).SelectMany(q => ((string, Func<IChannel, Task>)[])
                [
                    ($"take from '{q}'", async c => await c.BasicGetAsync(q, autoAck: false)),
                    ($"purge '{q}'", async c => await c.QueuePurgeAsync(q)),
                    ($"declare queue '{q}'", async c => await c.QueueDeclareAsync(q, durable: true, exclusive: false, autoDelete: false)),
                ]),
                ("a queue of its own name", async c => await c.QueueDeclareAsync("mine", durable: false, exclusive: true, autoDelete: true)),
            ];
            foreach (var (what, attempt) in attempts)
            {
                tried++;
                if (!await IsRefused(connection, attempt))
                {
                    done.Add($"{service}: {what}");
                }
            }
        }

        done.ShouldBeEmpty();
        tried.ShouldBeGreaterThan(400);
    }

    private string Connection(string service, bool asService) =>
        Processes.Variable(system.Pid(service), asService ? $"ConnectionStrings__{service}" : $"ConnectionStrings__{service}_owner")!;

    private static async Task<bool> IsRefused(NpgsqlConnection db, string statement)
    {
        await using var transaction = await db.BeginTransactionAsync(TestContext.Current.CancellationToken);
        try
        {
            await using var command = new NpgsqlCommand(statement, db);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            return false;
        }
        catch (PostgresException refusal) when (refusal.SqlState == Refused)
        {
            return true;
        }
        catch (PostgresException other) when (statement.StartsWith("alter system", StringComparison.Ordinal))
        {
            // Refused before its rights are looked at: it cannot run inside a transaction.
            return other.SqlState == PostgresErrorCodes.ActiveSqlTransaction;
        }
    }

    private static async Task<bool> IsRefused(IConnection connection, Func<IChannel, Task> attempt)
    {
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), TestContext.Current.CancellationToken);
        try
        {
            await attempt(channel);
            return false;
        }
        catch (Exception exception) when (exception is OperationInterruptedException or AlreadyClosedException or PublishException)
        {
            return channel.CloseReason?.ReplyCode == AccessRefused;
        }
    }

    private static async Task<List<string>> List(NpgsqlConnection db, string sql)
    {
        await using var command = new NpgsqlCommand(sql, db);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var names = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private static async Task<List<string>> Names(HttpClient management, string path) =>
        [.. (await management.GetFromJsonAsync<JsonArray>(path, TestContext.Current.CancellationToken))!.Select(e => (string)e!["name"]!)];
}
