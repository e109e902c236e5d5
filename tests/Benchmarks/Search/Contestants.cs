using Dapper;
using Npgsql;
using SecondOpinion.Intake.Catalogue;

namespace SecondOpinion.Bench.Search;

/// <summary>The same catalogue in PostgreSQL: one row a phrase, searched as plain <c>ilike</c> and through a trigram index.</summary>
internal sealed class DatabaseSearch(NpgsqlDataSource dataSource)
{
    public async Task Load(IReadOnlyList<Pathology> pathologies)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        await db.ExecuteAsync("create extension if not exists pg_trgm; create table phrase (code text not null, text text not null)");
        await using (var writer = await db.BeginBinaryImportAsync("copy phrase (code, text) from stdin (format binary)"))
        {
            foreach (var pathology in pathologies)
            {
                foreach (var text in (string[])[pathology.Name, .. pathology.Synonyms, .. pathology.Abbreviations, .. pathology.Cim10])
                {
                    await writer.StartRowAsync();
                    await writer.WriteAsync(pathology.Code);
                    await writer.WriteAsync(text);
                }
            }

            await writer.CompleteAsync();
        }

        await db.ExecuteAsync("create index phrase_trigram on phrase using gin (text gin_trgm_ops)");
        await db.ExecuteAsync("vacuum analyze phrase");
    }

    public Task<string[]> Ilike(string query) => Ask(
        """
        select code
        from phrase
        where text ilike '%' || @query || '%'
        group by code
        order by min(length(text))
        limit 5
        """,
        query);

    /// <summary>The index is made to be used: on a table this small the planner might scan it.</summary>
    public Task<string[]> Trigram(string query) => Ask(
        """
        select code
        from phrase
        where text % @query
        group by code
        order by max(similarity(text, @query)) desc
        limit 5
        """,
        query, "set enable_seqscan = off; set pg_trgm.similarity_threshold = 0.2");

    public async Task<string> TrigramPlan()
    {
        await using var db = await dataSource.OpenConnectionAsync();
        await db.ExecuteAsync("set enable_seqscan = off");
        return string.Join('\n', await db.QueryAsync<string>("explain select code from phrase where text % 'endometriose'"));
    }

    private NpgsqlConnection? _open;

    private async Task<string[]> Ask(string sql, string query, string? settings = null)
    {
        if (_open is null)
        {
            _open = await dataSource.OpenConnectionAsync();
            await _open.ExecuteAsync(settings ?? "select 1");
        }

        return [.. await _open.QueryAsync<string>(sql, new { query })];
    }

    /// <summary>The next contestant starts on a session of its own.</summary>
    public async Task Reset()
    {
        if (_open is { } open)
        {
            _open = null;
            await open.CloseAsync();
            NpgsqlConnection.ClearPool(open);
            await open.DisposeAsync();
        }
    }
}
