using Npgsql;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>Connections for imports: the limits that keep a request short would end a long import.</summary>
internal sealed class ImportConnections : IDisposable
{
    public ImportConnections(IConfiguration configuration, RosterOptions options) =>
        Imports = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(configuration.GetConnectionString("billing"))
        {
            ApplicationName = "billing-imports",
            // For each import: its lock, its rows, its progress, and taking back; one for looking what is next, and one for dropping old versions.
            MaxPoolSize = options.ConcurrentImports * 4 + 2,
            Timeout = 5,
            CommandTimeout = 0,
            WriteBufferSize = 1 << 16,
            Options = "-c statement_timeout=0 -c lock_timeout=5s -c idle_in_transaction_session_timeout=0 -c synchronous_commit=on",
        }.ConnectionString);

    public NpgsqlDataSource Imports { get; }

    public void Dispose() => Imports.Dispose();
}
