using Dapper;
using Npgsql;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>One roster version: 60 bytes a row and 20 an index entry. Written once, then only read, then dropped whole.</summary>
internal static class RosterTable
{
    private const string Columns = "key, family, holder, valid_from, valid_to, contract, relation";
    private static readonly byte[] CopyHeader = [.. "PGCOPY\n"u8, 0xFF, .. "\r\n\0"u8, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly byte[] CopyTrailer = [0xFF, 0xFF];

    /// <returns>The new table's name, with schema.</returns>
    public static async Task<string> Create(NpgsqlConnection db)
    {
        var name = $"rosters.r_{await db.ExecuteScalarAsync<long>("select nextval('roster_table_number')")}";
        // Eight bytes first: no gaps for alignment. No autovacuum: nothing ever dies in it, and its freezing would compete with the service for the disk.
        await db.ExecuteAsync(
            $"""
            create table {name} (
              key bigint not null,
              family bigint not null,
              holder bigint,
              valid_from date not null,
              valid_to date,
              contract smallint not null,
              relation "char" not null
            ) with (autovacuum_enabled = false)
            """);
        return name;
    }

    /// <summary>Lines of a delta until they are applied; gone with the connection.</summary>
    public static Task CreateDelta(NpgsqlConnection db) => db.ExecuteAsync(
        """
        create temp table delta (
          key bigint not null,
          family bigint not null,
          holder bigint,
          valid_from date not null,
          valid_to date,
          contract smallint not null,
          relation "char" not null,
          line bigint not null,
          removal boolean not null
        )
        """);

    /// <summary>Streams rows that are already in the binary form; what <paramref name="fill"/> throws leaves nothing behind.</summary>
    public static async Task Copy(NpgsqlConnection db, string table, Func<NpgsqlRawCopyStream, Task> fill, CancellationToken cancel)
    {
        var columns = table == "delta" ? $"{Columns}, line, removal" : Columns;
        await using var copy = await db.BeginRawBinaryCopyAsync($"copy {table} ({columns}) from stdin (format binary)", cancel);
        try
        {
            await copy.WriteAsync(CopyHeader, cancel);
            await fill(copy);
            await copy.WriteAsync(CopyTrailer, cancel);
        }
        catch
        {
            // Without it, the end of the stream would count as the end of the data, and half a roster would stay.
            await copy.CancelAsync();
            throw;
        }
    }

    /// <summary>Applies the delta to a copy of <paramref name="from"/>: the former version goes on serving untouched.</summary>
    public static Task ApplyDelta(NpgsqlConnection db, string from, string to) => db.ExecuteAsync(
        $"""
        insert into {to} ({Columns})
        select b.key, b.family, b.holder, b.valid_from, b.valid_to, b.contract, b.relation
        from {from} b
        where not exists (select from delta d where d.key = b.key);
        insert into {to} ({Columns})
        select {Columns} from delta where not removal;
        """);

    /// <summary>Takes out the delta's lines that cannot be applied.</summary>
    /// <param name="most">With more of them the file is refused, before a list of them is made.</param>
    /// <exception cref="RosterRefusedException">More than that.</exception>
    /// <returns>Those that repeat a person of an earlier line, and those that remove somebody unknown.</returns>
    public static async Task<List<RosterReject>> RejectFromDelta(NpgsqlConnection db, string from, long most)
    {
        await db.ExecuteAsync("create index on delta (key, line); analyze delta");
        if (await db.ExecuteScalarAsync<long>("select count(*) - count(distinct key) from delta") > most)
        {
            throw new RosterRefusedException(RosterRefusals.TooManyRejects);
        }

        var repeated = await db.QueryAsync<long>(
            "delete from delta d where exists (select from delta e where e.key = d.key and e.line < d.line) returning d.line");
        var unknown = await db.QueryAsync<long>(
            $"delete from delta d where d.removal and not exists (select from {from} b where b.key = d.key) returning d.line");
        return
        [
            .. repeated.Select(line => new RosterReject(line, RosterFormat.WholeLine, RejectCodes.Duplicate)),
            .. unknown.Select(line => new RosterReject(line, RosterFormat.WholeLine, RejectCodes.NotInRoster)),
        ];
    }

    /// <summary>The index by person. False when two lines have the same person: <see cref="RemoveRepeated"/>, then again.</summary>
    public static async Task<bool> TryIndex(NpgsqlConnection db, string table)
    {
        try
        {
            await db.ExecuteAsync(
                $"""
                set maintenance_work_mem = '256MB';
                create unique index {IndexName(table, "key")} on {table} (key) with (fillfactor = 100);
                create index {IndexName(table, "holder")} on {table} (holder) with (fillfactor = 100) where holder is not null;
                analyze {table};
                """);
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    /// <summary>Keeps the first line of each person.</summary>
    /// <param name="suspects">Every line that may repeat an earlier one, in order.</param>
    /// <returns>The lines that went, with the contract of each.</returns>
    public static async Task<List<(long Line, short Contract)>> RemoveRepeated(
        NpgsqlConnection db, string table, IReadOnlyList<(long Person, long Line)> suspects)
    {
        await db.ExecuteAsync("create temp table suspect (key bigint not null, line bigint not null)");
        await using (var writer = await db.BeginBinaryImportAsync("copy suspect (key, line) from stdin (format binary)"))
        {
            foreach (var (person, line) in suspects)
            {
                await writer.StartRowAsync();
                await writer.WriteAsync(person, NpgsqlTypes.NpgsqlDbType.Bigint);
                await writer.WriteAsync(line, NpgsqlTypes.NpgsqlDbType.Bigint);
            }

            await writer.CompleteAsync();
        }

        // Rows lie in the order of the file, so the smallest ctid is the first line. A suspect may be a first line itself (it met another person's bit):
        // of the suspect lines of a person, the last ones are the repeated ones, as many as rows go.
        var removed = await db.QueryAsync<(long Line, short Contract)>(
            $"""
            create index on suspect (key);
            analyze suspect;
            create temp table repeated as
              select r.ctid as place, r.key, r.contract, row_number() over (partition by r.key order by r.ctid) as nth,
                  count(*) over (partition by r.key) as rows
              from {table} r
              where r.key in (select key from suspect);
            delete from {table} r using repeated p where r.ctid = p.place and p.nth > 1;
            select s.line, p.contract
            from (select key, line, row_number() over (partition by key order by line desc) as from_end from suspect) s
            join repeated p on p.key = s.key and p.rows > 1 and p.nth = p.rows - s.from_end + 1 and p.nth > 1;
            """);
        await db.ExecuteAsync("drop table suspect, repeated");
        return removed.AsList();
    }

    public static async Task<Dictionary<short, long>> CountByContract(NpgsqlConnection db, string table) =>
        (await db.QueryAsync<(short Contract, long Members)>($"select contract, count(*) from {table} group by contract"))
            .ToDictionary(r => r.Contract, r => r.Members);

    /// <summary>People insured on a day, by contract.</summary>
    public static async Task<Dictionary<short, long>> CountInsured(NpgsqlConnection db, string table, DateOnly day) =>
        (await db.QueryAsync<(short Contract, long Members)>(
            $"select contract, count(*) from {table} where valid_from <= @day and (valid_to is null or valid_to >= @day) group by contract", new { day }))
            .ToDictionary(r => r.Contract, r => r.Members);

    /// <summary>
    /// Drops a table that no version names; the switch takes the same lock before it names one, so that a commit whose outcome its client never learned is
    /// waited for.
    /// </summary>
    /// <returns>False when a version names it: it stays.</returns>
    public static async Task<bool> TryDrop(NpgsqlConnection db, string table)
    {
        await using var transaction = await db.BeginTransactionAsync();
        await Lock(db, table);
        if (await db.ExecuteScalarAsync<bool>("select exists (select from roster_version where table_name = @table and dropped_at is null)", new { table }))
        {
            return false;
        }

        await db.ExecuteAsync($"drop table if exists {table}");
        await transaction.CommitAsync();
        return true;
    }

    /// <summary>Until the end of the transaction, nobody else names or drops the table.</summary>
    public static Task Lock(NpgsqlConnection db, string table) => db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@table, 0))", new { table });

    private static string IndexName(string table, string column) => $"{table["rosters.".Length..]}_{column}";
}
