using Dapper;
using Npgsql;

namespace SecondOpinion.ServiceDefaults.Database;

/// <summary>
/// What the role of a service may do in its database, settled by the owner after each migration (docs/decisions/0073): read and write rows, nothing of the
/// tables themselves, and no emptying. A table whose comment begins with <c>append-only</c> takes new rows and changes none. A view, which works
/// with its owner's rights, is only read. In a schema beside <c>public</c> the service makes tables of its own.
/// </summary>
internal static class Rights
{
    /// <param name="owner">A connection of the tables' owner.</param>
    /// <param name="role">The role that the service works as.</param>
    public static async Task Settle(NpgsqlConnection owner, string role)
    {
        var changes = await owner.QueryAsync<string>(
            """
            with mine as (
              select c.oid, c.relkind, c.relname from pg_class c
              where c.relowner = current_user::regrole and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
            ), wanted as (
              select oid, (case
                when relname = 'schema_migration' or relkind = 'v' then '{SELECT}'
                when obj_description(oid, 'pg_class') like 'append-only%' then '{SELECT,INSERT}'
                else '{SELECT,INSERT,UPDATE,DELETE}' end)::text[] as rights
              from mine where relkind <> 'S'
            )
            select format('grant %s on table %s to %I', wished, oid::regclass, @role)
            from wanted, unnest(rights) as wished
            where not has_table_privilege(@role, oid, wished)
            union all
            select format('revoke %s on table %s from %I', had, oid::regclass, @role)
            from wanted, unnest('{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) as had
            where had <> all (rights) and has_table_privilege(@role, oid, had)
            union all
            select format('grant usage on sequence %s to %I', oid::regclass, @role)
            from mine
            where case when relkind = 'S' then not has_sequence_privilege(@role, oid, 'USAGE') else false end
            union all
            select format('grant usage, create on schema %I to %I', nspname, @role)
            from pg_namespace
            where nspowner = current_user::regrole and nspname <> 'public' and not has_schema_privilege(@role, oid, 'CREATE')
            """,
            new { role });
        await using var transaction = await owner.BeginTransactionAsync();
        foreach (var change in changes)
        {
            await owner.ExecuteAsync(change);
        }

        await transaction.CommitAsync();
    }

    /// <exception cref="InvalidOperationException">The role could change the tables themselves, or take back what is append-only.</exception>
    public static async Task Check(NpgsqlConnection service)
    {
        if (await service.ExecuteScalarAsync<bool>(
            "select pg_has_role(current_user, relowner, 'member') from pg_class where oid = 'schema_migration'::regclass"))
        {
            throw new InvalidOperationException(
                "The database role of this service owns its tables or is a superuser: what is append-only would not be. Give it a role of its own "
                    + "(docs/operations.md, \"Who may do what at the servers\"); AppHost does for local runs.");
        }
    }
}
