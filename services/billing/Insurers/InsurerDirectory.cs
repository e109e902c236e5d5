using System.Collections.Frozen;
using System.Data;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Billing.Insurers;

/// <summary>
/// All insurers, contracts and current rosters in memory: a question then needs one look-up in the database. Whoever changes one of them says
/// <see cref="Changed"/> in the same transaction; every instance then reads them anew, and once every ten seconds anyway.
/// </summary>
internal sealed class InsurerDirectory(NpgsqlDataSource dataSource, IdentityKeys keys, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private const string Channel = "insurers";
    private static readonly TimeSpan ReadAnyway = TimeSpan.FromSeconds(10);
    private volatile Snapshot _snapshot = new(FrozenDictionary<string, Insurer>.Empty, FrozenDictionary<Guid, Insurer>.Empty);

    public IReadOnlyCollection<Insurer> All => _snapshot.ById.Values;

    public Insurer? ByAmc(AmcNumber amc) => _snapshot.ByAmc.GetValueOrDefault(amc.Value);

    public Insurer? ById(Guid id) => _snapshot.ById.GetValueOrDefault(id);

    /// <summary>Tells every instance at commit.</summary>
    public static Task Changed(NpgsqlConnection db) => db.ExecuteAsync($"notify {Channel}");

    /// <exception cref="InvalidOperationException">A roster that answers was hashed with a key that is not configured.</exception>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await Refresh();
        keys.Require(All.Select(i => i.Roster?.KeyId).OfType<string>());
        await base.StartAsync(cancellationToken);
    }

    public async Task Refresh()
    {
        await using var db = await dataSource.OpenConnectionAsync();
        // One snapshot of the database for both: never a contract without its insurer.
        await using var transaction = await db.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        await using var rows = await db.QueryMultipleAsync(
            """
            select i.id, i.amc_number, v.name, r.version as roster_version, rv.table_name, rv.key_id
            from insurer i
            join insurer_version v on v.insurer_id = i.id and v.version = i.version
            left join roster r on r.insurer_id = i.id
            left join roster_version rv on rv.insurer_id = r.insurer_id and rv.version = r.version;
            select c.insurer_id, c.number, c.code, v.version, v.applies_from, v.label, v.service_included, v.uses_per_person, v.uses_per_family,
              v.waiting_days, v.valid_from, v.valid_to, v.pricing, v.price_cents
            from contract c
            join contract_version v on v.insurer_id = c.insurer_id and v.number = c.number
            order by c.insurer_id, c.number, v.version desc;
            """);
        var insurers = (await rows.ReadAsync<InsurerRow>()).AsList();
        var contracts = (await rows.ReadAsync<ContractRow>()).ToLookup(c => c.InsurerId);
        var all = insurers.ConvertAll(i => new Insurer(
            i.Id, i.AmcNumber, Encoding.ASCII.GetBytes(i.AmcNumber), i.Name,
            i.RosterVersion is { } version ? new CurrentRoster(version, i.TableName!, i.KeyId!) : null,
            contracts[i.Id].GroupBy(c => c.Number).ToFrozenDictionary(g => g.Key, g => new Contract(g.Key, g.First().Code, [.. g.Select(c => c.Terms())]))));
        _snapshot = new Snapshot(all.ToFrozenDictionary(i => i.AmcNumber), all.ToFrozenDictionary(i => i.Id));
    }

    /// <summary>What is known still answers while the database is away; the roster tables of a past version stay for a while.</summary>
    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        await using var db = await dataSource.OpenConnectionAsync(cancel);
        await db.ExecuteAsync($"listen {Channel}");
        while (true)
        {
            await Refresh();
            Working();
            await db.WaitAsync(ReadAnyway, cancel);
        }
    }

    private sealed record Snapshot(FrozenDictionary<string, Insurer> ByAmc, FrozenDictionary<Guid, Insurer> ById);

    private sealed record InsurerRow(Guid Id, string AmcNumber, string Name, int? RosterVersion, string? TableName, string? KeyId);

    private sealed record ContractRow(
        Guid InsurerId, short Number, string Code, int Version, DateOnly AppliesFrom, string Label, bool ServiceIncluded, int? UsesPerPerson,
        int? UsesPerFamily, int WaitingDays, DateOnly ValidFrom, DateOnly? ValidTo, Word<Pricing> Pricing, long PriceCents)
    {
        public ContractTerms Terms() => new(
            Version, AppliesFrom, Label, ServiceIncluded, UsesPerPerson, UsesPerFamily, WaitingDays, ValidFrom, ValidTo,
            Pricing == Insurers.Pricing.PerMemberPerMonth, PriceCents);
    }
}
