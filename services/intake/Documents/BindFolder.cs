using Dapper;
using Npgsql;

namespace SecondOpinion.Intake.Documents;

/// <summary>
/// The folder of documents and the database belong together: both carry one id, written at the first start. A folder of another database stops the start,
/// before anything in it is taken for an orphan.
/// </summary>
internal sealed class BindFolder(NpgsqlDataSource dataSource, DocumentStore store) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancellationToken);
        var id = await db.ExecuteScalarAsync<Guid>("select id from installation");
        if (store.Installation() is not { } bound)
        {
            // A folder from before it carried an id is this database's when most of what lies in it has its row here.
            var files = store.All().ToArray();
            var known = await db.ExecuteScalarAsync<int>("select count(*)::int from document where id = any(@files)", new { files });
            if (known * 2 < files.Length)
            {
                throw new InvalidOperationException(
                    $"Documents:Path holds {files.Length} documents, of which this database knows {known}: the database is empty, restored or another one. "
                    + "Nothing was removed. Point ConnectionStrings:intake to the database of these documents, or Documents:Path to an empty folder.");
            }

            bound = store.Bind(id);
        }

        if (bound != id)
        {
            throw new InvalidOperationException(
                "Documents:Path belongs to another database than ConnectionStrings:intake (their installation ids differ). Nothing was removed. "
                + "Point one of them to its counterpart; after a deliberate move, put this database's id (select id from installation) into the folder's "
                + "file installation.id.");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
