using Npgsql;

namespace SecondOpinion.Servers;

/// <summary>
/// The two roles of a service at PostgreSQL (docs/decisions/0073): the owner of its database, which migrates it, and the one that the service works as. Which
/// rights the second has on each table the owner says (<c>ServiceDefaults/Database/Rights.cs</c>); here they are made and let into their database, and nobody
/// else is.
/// </summary>
public sealed record DatabaseRoles(string Service, string OwnerPassword, string ServicePassword)
{
    private const long LockKey = 0x5EC0_0D0D;

    public string Owner => OwnerOf(Service);

    public static string OwnerOf(string service) => $"{service}_owner";

    /// <summary>Makes the two, or gives them these passwords; repeatable, by any number of processes at once.</summary>
    /// <param name="administrator">Of the server's own database <c>postgres</c>: the lock counts within one database.</param>
    public async Task Make(NpgsqlConnection administrator, CancellationToken cancel = default)
    {
        await using var transaction = await administrator.BeginTransactionAsync(cancel);
        await Run(administrator, $"select pg_advisory_xact_lock({LockKey})", cancel);
        foreach (var (role, password) in ((string, string)[])[(Owner, OwnerPassword), (Service, ServicePassword)])
        {
            await Each(
                administrator,
                """
                select format('%s role %I with login nosuperuser nocreatedb nocreaterole noreplication password %L',
                  case when exists (select from pg_roles where rolname = $1) then 'alter' else 'create' end, $1, $2)
                """,
                [role, password], cancel);
        }

        // The server's own databases are nobody's to look into.
        await Run(administrator, "revoke connect on database postgres, template1 from public", cancel);
        await transaction.CommitAsync(cancel);
    }

    /// <summary>
    /// Gives the database to its owner and lets in the service. What an earlier version made as superuser changes hands, too: tables of the service's own
    /// making (in schemas beside <c>public</c>) become the service's.
    /// </summary>
    /// <param name="administrator">Of the database itself.</param>
    public async Task Open(NpgsqlConnection administrator, CancellationToken cancel = default)
    {
        await using var transaction = await administrator.BeginTransactionAsync(cancel);
        await Run(administrator, $"select pg_advisory_xact_lock({LockKey})", cancel);
        await Each(
            administrator,
            """
            with foreign_thing as (
              select format('alter schema %I owner to %I', nspname, $1) as sql, 1 as step
              from pg_namespace
              where (nspowner = current_user::regrole or nspname = 'public') and nspname !~ '^pg_' and nspname <> 'information_schema'
              union all
              select format('alter %s %s owner to %I', case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view'
                else 'table' end, c.oid::regclass, case when n.nspname = 'public' then $1 else $2 end), 2
              from pg_class c
              join pg_namespace n on n.oid = c.relnamespace
              where c.relowner = current_user::regrole and c.relkind in ('r', 'p', 'v', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
                and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
              union all
              select format('alter routine %s owner to %I', p.oid::regprocedure, $1), 3
              from pg_proc p
              join pg_namespace n on n.oid = p.pronamespace
              where p.proowner = current_user::regrole and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
            )
            select format('alter database %I owner to %I', current_database(), $1)
            union all
            select format('revoke all on database %I from public', current_database())
            union all
            select format('grant connect, temporary on database %I to %I', current_database(), $2)
            union all
            select 'revoke all on schema public from public'
            union all
            select format('grant usage on schema public to %I', $2)
            union all
            (select sql from foreign_thing order by step)
            """,
            [Owner, Service], cancel);
        await transaction.CommitAsync(cancel);
    }

    /// <summary>Runs every statement that the question answers with.</summary>
    private static async Task Each(NpgsqlConnection db, string question, string[] values, CancellationToken cancel)
    {
        var statements = new List<string>();
        await using (var command = new NpgsqlCommand(question, db))
        {
            foreach (var value in values)
            {
                command.Parameters.AddWithValue(value);
            }

            await using var reader = await command.ExecuteReaderAsync(cancel);
            while (await reader.ReadAsync(cancel))
            {
                statements.Add(reader.GetString(0));
            }
        }

        foreach (var statement in statements)
        {
            await Run(db, statement, cancel);
        }
    }

    private static async Task Run(NpgsqlConnection db, string statement, CancellationToken cancel)
    {
        await using var command = new NpgsqlCommand(statement, db);
        await command.ExecuteNonQueryAsync(cancel);
    }
}
