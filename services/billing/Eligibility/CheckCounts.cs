using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Telemetry;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>
/// How often each client asked about each insurer, by minute and outcome: the audit of service-to-service checks and what a partner's view counts.
/// Gathered in memory and written every second: a row per check would cost more than the check. A crash loses at most that second.
/// </summary>
internal sealed partial class CheckCounts : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly NpgsqlDataSource _dataSource;
    private readonly TimeProvider _time;
    private readonly ILogger<CheckCounts> _logger;
    private readonly Counter<long> _checks;
    private readonly Lock _gate = new();
    private Dictionary<Key, long> _counts = [];

    public CheckCounts(NpgsqlDataSource dataSource, TimeProvider time, ServiceMetrics metrics, ILogger<CheckCounts> logger)
    {
        (_dataSource, _time, _logger) = (dataSource, time, logger);
        _checks = metrics.Meter.CreateCounter<long>("eligibility.checks", "{check}", "Eligibility questions answered, by code (empty: covered)");
    }

    public void Count(Client client, Answer answer)
    {
        _checks.Add(1, new KeyValuePair<string, object?>("code", answer.Decision.Code));
        if (answer.Insurer is not { } insurer)
        {
            return;
        }

        var minute = new DateTimeOffset(answer.AskedAt.Ticks - answer.AskedAt.Ticks % TimeSpan.TicksPerMinute, TimeSpan.Zero);
        var key = new Key(minute, insurer.Id, client.Role, client.Subject, answer.Decision.Code, answer.Beneficiary?.Contract ?? 0);
        lock (_gate)
        {
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
        }
    }

    /// <summary>Writes what was gathered; also at the stop of the service.</summary>
    public async Task Flush(CancellationToken cancel)
    {
        Dictionary<Key, long> counts;
        lock (_gate)
        {
            if (_counts.Count == 0)
            {
                return;
            }

            (counts, _counts) = (_counts, []);
        }

        try
        {
            await using var db = await _dataSource.OpenConnectionAsync(cancel);
            await db.ExecuteAsync(
                """
                insert into check_count (minute, insurer_id, actor_role, actor, code, contract, asked)
                select * from unnest(@Minutes, @Insurers, @Roles, @Actors, @Codes, @Contracts, @Asked)
                on conflict (insurer_id, minute, actor_role, actor, code, contract) do update set asked = check_count.asked + excluded.asked
                """,
                new
                {
                    Minutes = counts.Keys.Select(k => k.Minute).ToArray(),
                    Insurers = counts.Keys.Select(k => k.InsurerId).ToArray(),
                    Roles = counts.Keys.Select(k => k.Role).ToArray(),
                    Actors = counts.Keys.Select(k => k.Actor).ToArray(),
                    Codes = counts.Keys.Select(k => k.Code).ToArray(),
                    Contracts = counts.Keys.Select(k => k.Contract).ToArray(),
                    Asked = counts.Values.ToArray(),
                });
        }
        catch
        {
            // Kept for the next second.
            lock (_gate)
            {
                foreach (var (key, n) in counts)
                {
                    _counts[key] = _counts.GetValueOrDefault(key) + n;
                }
            }

            throw;
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Flush(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await Flush(stoppingToken);
                }
                catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
                {
                    Log.Kept(_logger, exception.GetType().Name);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The last second is written by StopAsync.
        }
    }

    private readonly record struct Key(DateTimeOffset Minute, Guid InsurerId, string Role, string Actor, string Code, short Contract);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Check counts are kept for the next second: {Error}")]
        public static partial void Kept(ILogger logger, string error);
    }
}
