using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace SecondOpinion.Bench.Eligibility;

/// <summary>An import through the public path, and the limit it is held against.</summary>
internal sealed class ImportMeasurement(RunningBilling system, Figures figures)
{
    private double _seconds;

    public async Task Measure(Guid insurer, string path, int rows, Prober during)
    {
        figures.Add("check_p99_ms_before_import", during.Before);
        using var memory = new MemoryWatch(system.ServicePid);
        during.Begin();
        var watch = Stopwatch.StartNew();
        await Run(insurer, path, rows);
        _seconds = watch.Elapsed.TotalSeconds;
        figures.Add("import_s", _seconds);
        figures.Add("import_rows_per_s", rows / _seconds);
        figures.Add("check_p99_ms_during_import", await during.End());
        figures.Add("service_memory_peak_mb", memory.PeakMegabytes);
    }

    public async Task Run(Guid insurer, string path, int rows)
    {
        var size = new FileInfo(path).Length;
        using var announced = await system.Send(HttpMethod.Post, "/api/v1/rosters", new { insurerId = insurer, kind = "whole", sizeBytes = size });
        var id = (await announced.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        using (var request =
            new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/rosters/{id}/content") { Content = new StreamContent(File.OpenRead(path), 1 << 16) })
        {
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/partial-upload");
            request.Headers.Add("Upload-Offset", "0");
            using var sent = await system.Http.SendAsync(request);
            sent.EnsureSuccessStatusCode();
        }

        JsonElement status;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100));
            status = await system.Http.GetFromJsonAsync<JsonElement>($"/api/v1/rosters/{id}");
        }
        while (status.GetProperty("state").GetString() is "receiving" or "queued" or "running");
        if (status.GetProperty("state").GetString() != "imported" || status.GetProperty("accepted").GetInt64() != rows)
        {
            throw new InvalidOperationException($"The import did not go through: {status}");
        }

        File.Delete(path);
    }

    public async Task MeasureDisk(string table, int rows)
    {
        await using var db = new NpgsqlConnection(system.ConnectionString);
        figures.Add("table_bytes_per_person", await db.ExecuteScalarAsync<double>($"select pg_table_size('{table}')::float8") / rows);
        figures.Add("index_bytes_per_person", await db.ExecuteScalarAsync<double>($"select pg_indexes_size('{table}')::float8") / rows);
    }

    /// <summary>The rows of the service's own table, written out beforehand: reading, checking and hashing cost nothing here.</summary>
    public async Task MeasureCopy(string table)
    {
        var ready = Path.Combine(system.Folder, "ready.bin");
        await using var db = new NpgsqlConnection(system.ConnectionString + ";Command Timeout=0;Write Buffer Size=65536");
        await db.OpenAsync();
        await using (var copy = await db.BeginRawBinaryCopyAsync($"copy {table} to stdout (format binary)"))
        await using (var file = File.Create(ready))
        {
            await copy.CopyToAsync(file, 1 << 18);
        }

        await db.ExecuteAsync("checkpoint;");
        var watch = Stopwatch.StartNew();
        await db.ExecuteAsync($"create table bench_copy (like {table}) with (autovacuum_enabled = false)");
        await using (var copy = await db.BeginRawBinaryCopyAsync("copy bench_copy from stdin (format binary)"))
        await using (var file = File.OpenRead(ready))
        {
            await file.CopyToAsync(copy, 1 << 18);
        }

        var loaded = watch.Elapsed.TotalSeconds;
        await db.ExecuteAsync(
            """
            set maintenance_work_mem = '256MB';
            create unique index on bench_copy (key) with (fillfactor = 100);
            create index on bench_copy (holder) with (fillfactor = 100) where holder is not null;
            """);
        var limit = watch.Elapsed.TotalSeconds;
        figures.Add("limit_copy_s", loaded);
        figures.Add("limit_copy_and_index_s", limit);
        figures.Add("ratio_vs_copy", _seconds / limit);
        await db.ExecuteAsync("drop table bench_copy; checkpoint");
        File.Delete(ready);
    }

    /// <summary>Resident memory of a process, looked at ten times a second.</summary>
    private sealed class MemoryWatch : IDisposable
    {
        private readonly Timer _timer;
        private double _peak;

        public MemoryWatch(int pid) => _timer = new Timer(_ =>
        {
            var line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            var kilobytes = double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
            _peak = Math.Max(_peak, kilobytes / 1024);
        }, null, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));

        public double PeakMegabytes => _peak;

        public void Dispose() => _timer.Dispose();
    }
}
