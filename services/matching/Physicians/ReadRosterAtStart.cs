using Dapper;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.Matching.Offers;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Resilience;

namespace SecondOpinion.Matching.Physicians;

/// <summary>
/// Asks the physician service once for the whole roster: profiles published before matching's queue existed never came as events. A profile that came as
/// an event is newer and stays.
/// </summary>
internal sealed partial class ReadRosterAtStart(
    Roster.RosterClient roster, NpgsqlDataSource dataSource, WaitingCases waiting, BackgroundJobs jobs, ILogger<ReadRosterAtStart> logger)
    : BackgroundJob(jobs)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        Log.Read(logger, await Read(cancel));
        return Next.Never;
    }

    /// <summary>How many profiles were new.</summary>
    private async Task<int> Read(CancellationToken cancel)
    {
        var added = 0;
        using var call = roster.List(new ListRosterRequest(), deadline: Deadline.In(Limit), cancellationToken: cancel);
        await foreach (var profile in call.ResponseStream.ReadAllAsync(cancel))
        {
            var physicianId = Guid.Parse(profile.PhysicianId);
            await using var db = await dataSource.OpenConnectionAsync(cancel);
            // Dated at the beginning of time: any event, before or after, wins.
            var isNew = await db.ExecuteAsync(
                """
                insert into expert (
                  physician_id, profile_at, specialty_code, pathology_codes, establishments, tied_physicians, tied_establishments, languages, patients,
                  reference_pathologies, occasional_pathologies, weekly_capacity, leaves, capacity, capacity_at)
                values (
                  @physicianId, '-infinity', @SpecialtyCode, @PathologyCodes, @Establishments, @TiedPhysicians, @TiedEstablishments, @Languages, @Patients,
                  @ReferencePathologies, @OccasionalPathologies, @WeeklyCapacity, @Leaves, @Capacity, '-infinity')
                on conflict (physician_id) do update
                set profile_at = excluded.profile_at,
                  specialty_code = excluded.specialty_code,
                  pathology_codes = excluded.pathology_codes,
                  establishments = excluded.establishments,
                  tied_physicians = excluded.tied_physicians,
                  tied_establishments = excluded.tied_establishments,
                  languages = excluded.languages,
                  patients = excluded.patients,
                  reference_pathologies = excluded.reference_pathologies,
                  occasional_pathologies = excluded.occasional_pathologies
                where expert.profile_at is null
                """,
                new
                {
                    physicianId,
                    SpecialtyCode = Specialties.Canonical(profile.SpecialtyCode),
                    PathologyCodes = profile.PathologyCodes.ToArray(),
                    Establishments = profile.Establishments.ToArray(),
                    TiedPhysicians = profile.TiedPhysicians.Select(Guid.Parse).ToArray(),
                    TiedEstablishments = profile.TiedEstablishments.ToArray(),
                    Languages = profile.Languages.ToArray(),
                    profile.Patients,
                    ReferencePathologies = profile.ReferencePathologies.ToArray(),
                    OccasionalPathologies = profile.OccasionalPathologies.ToArray(),
                    WeeklyCapacity = profile.HasWeeklyCapacity ? profile.WeeklyCapacity : (int?)null,
                    Leaves = profile.Leaves.ToArray(),
                    profile.Capacity,
                });
            if (isNew > 0)
            {
                added++;
                await waiting.LookAgain(physicianId);
            }
        }

        return added;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Roster: {Added} profiles were read")]
        public static partial void Read(ILogger logger, int added);
    }
}
