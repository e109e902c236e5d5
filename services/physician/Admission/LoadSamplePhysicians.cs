using System.Text.Json;
using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Physician.Admission;

/// <summary>
/// Loads the fictitious référents when <c>SampleData:Enabled</c>; those that are there already are left alone, so a restart tells nobody anything.
/// </summary>
internal sealed partial class LoadSamplePhysicians(
    SampleDataSettings settings, NpgsqlDataSource dataSource, TimeProvider time, ILogger<LoadSamplePhysicians> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!settings.Enabled)
        {
            return;
        }

        var now = time.GetUtcNow();
        var added = await dataSource.InTransaction(async db =>
        {
            await db.WaitForOtherStarts();
            var count = 0;
            var known = (await db.QueryAsync<string>("select rpps from physician")).ToHashSet();
            foreach (var sample in Samples().Where(sample => !known.Contains(sample.Rpps)))
            {
                var rpps = Rpps.Parse(sample.Rpps);
                var referent = new PhysicianRow
                {
                    PhysicianId = rpps.PhysicianId,
                    Rpps = rpps.Value,
                    DisplayName = sample.DisplayName,
                    SpecialtyCode = sample.SpecialtyCode,
                    PathologyCodes = sample.PathologyCodes,
                    ReferencePathologies = sample.ReferencePathologies,
                    OccasionalPathologies = sample.OccasionalPathologies,
                    Establishments = sample.Establishments,
                    Languages = sample.Languages,
                    Patients = sample.Patients,
                    Capacity = sample.Capacity,
                    AdmittedAt = now,
                    ReviewDueAt = now.AddYears(3),
                };
                count += await PhysicianRow.Admit(db, referent) ? 1 : 0;
            }

            return count;
        }, cancellationToken);
        Log.Loaded(logger, added);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal static IReadOnlyList<Sample> Samples()
    {
        using var file = typeof(LoadSamplePhysicians).Assembly.GetManifestResourceStream("Admission/sample-physicians.json")!;
        return JsonSerializer.Deserialize<IReadOnlyList<Sample>>(file, JsonSerializerOptions.Web)!;
    }

    internal sealed record Sample(
        string Rpps, string DisplayName, string SpecialtyCode, string[] PathologyCodes, string[] ReferencePathologies, string[] OccasionalPathologies,
        string[] Establishments, string[] Languages, string Patients, int Capacity);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Sample data: {Added} référents were added")]
        public static partial void Loaded(ILogger logger, int added);
    }
}
