using System.Diagnostics;
using k8s.Models;
using Npgsql;
using SecondOpinion.AppHost;
using SecondOpinion.Servers;

namespace SecondOpinion.Tests.Hosting.Deploy;

/// <summary>The statements that the operator of PostgreSQL runs first, and the Jobs before a roll-out, against a real server.</summary>
public sealed class DatabaseTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly string[] Owning = [.. Manifests.Services.Except(["gateway"])];

    [Fact]
    public async Task A_new_cluster_gets_its_databases_and_roles_and_the_Jobs_fill_them_with_tables_and_nobody_enters_anothers()
    {
        var folder = Directory.CreateTempSubdirectory("deploy-").FullName;
        await using var servers = await PrivateServers.Start(Path.Combine(folder, "servers"), broker: false, Cancel);
        await using var template = await Open(servers, "template1");
        foreach (var statement in Manifests.One("Cluster", "postgres").Json["spec"]!["bootstrap"]!["initdb"]!["postInitTemplateSQL"]!.AsArray())
        {
            await Run(template, (string)statement!);
        }

        foreach (var role in Manifests.One("Cluster", "postgres").Json["spec"]!["managed"]!["roles"]!.AsArray().Select(r => (string)r!["name"]!))
        {
            var service = role.Replace("_owner", "", StringComparison.Ordinal);
            var secret = role == service ? LocalKeys.Database(service) : LocalKeys.Owner(service);
            await Run(template, $"alter role {role} password '{LocalKeys.Kept(folder, secret)}'");
        }

        // Twice: a Job that runs again changes nothing.
        foreach (var service in Owning.Concat(["billing"]))
        {
            var (code, said) = await Job(service, servers, folder);
            code.ShouldBe(0, $"{service}: {said}");
        }

        foreach (var (role, database) in Owning.SelectMany(role => Owning.Select(database => (role, database))))
        {
            var enters = await Ask<bool>(template, $"select has_database_privilege('{role}', '{database}', 'connect')");
            enters.ShouldBe(role == database, $"{role} in {database}");
        }

        foreach (var service in Owning)
        {
            await using var inside = await Open(servers, service);
            var owner = await Ask<string>(inside, "select pg_get_userbyid(relowner)::text from pg_class where oid = 'schema_migration'::regclass");
            owner.ShouldBe($"{service}_owner");
            (await Ask<bool>(inside, $"select has_table_privilege('{service}', 'outbox', 'insert')")).ShouldBeTrue();
            (await Ask<bool>(inside, $"select has_schema_privilege('{service}', 'public', 'create')")).ShouldBeFalse();
        }
    }

    /// <summary>The Job's process with the Job's environment; only addresses and folders are this machine's.</summary>
    private static async Task<(int Code, string Said)> Job(string service, PrivateServers servers, string folder)
    {
        var built = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Directory.GetFiles(
            Path.Combine(Sources.Root, "services", service, "bin", built.Parent!.Name, built.Name), "*.runtimeconfig.json").Single();
        var start = new ProcessStartInfo("dotnet", ["exec", program.Replace(".runtimeconfig.json", ".dll", StringComparison.Ordinal)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var known = new Dictionary<string, string>();
        foreach (var variable in Manifests.JobOf(service).Containers.Single().Env)
        {
            var value = known.Aggregate(Value(variable, folder), (text, part) => text.Replace($"$({part.Key})", part.Value, StringComparison.Ordinal));
            known[variable.Name] = value
                .Replace("Host=postgres-rw;Port=5432", $"Host=localhost;Port={servers.Postgres.Port}", StringComparison.Ordinal)
                .Replace("/data/", $"{folder}/data/", StringComparison.Ordinal);
            start.Environment[variable.Name] = known[variable.Name];
        }

        start.Environment["HTTP_PORT"] = start.Environment["GRPC_PORT"] = "0";
        start.Environment.Remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancel);
        var errors = await process.StandardError.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        return (process.ExitCode, await output + errors);
    }

    private static string Value(V1EnvVar variable, string folder) => variable switch
    {
        { ValueFrom.SecretKeyRef.Key: var secret } => LocalKeys.Kept(folder, secret),
        { ValueFrom.ConfigMapKeyRef: not null } => "https://public.example",
        _ => variable.Value,
    };

    private static async Task<NpgsqlConnection> Open(PrivateServers servers, string database)
    {
        var db = new NpgsqlConnection($"{servers.Postgres.ConnectionString};Database={database};Pooling=false");
        await db.OpenAsync(Cancel);
        return db;
    }

    private static async Task Run(NpgsqlConnection db, string statement)
    {
        await using var command = new NpgsqlCommand(statement, db);
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static async Task<T> Ask<T>(NpgsqlConnection db, string question)
    {
        await using var command = new NpgsqlCommand(question, db);
        return (T)(await command.ExecuteScalarAsync(Cancel))!;
    }
}
