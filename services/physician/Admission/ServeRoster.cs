using Dapper;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Physician.V1;

namespace SecondOpinion.Physician.Admission;

/// <summary>Gives matching every admitted profile over gRPC, for its first start.</summary>
internal sealed class ServeRoster(NpgsqlDataSource dataSource) : Roster.RosterBase
{
    public override async Task List(ListRosterRequest request, IServerStreamWriter<Profile> responseStream, ServerCallContext context)
    {
        await using var db = await dataSource.OpenConnectionAsync(context.CancellationToken);
        var profiles = await db.QueryAsync<Row>(
            """
            select physician_id, specialty_code, pathology_codes, establishments, tied_physicians, tied_establishments,
              case when suspended_at is null then capacity else 0 end as capacity,
              languages, patients, reference_pathologies, occasional_pathologies, weekly_capacity, leaves
            from physician
            order by physician_id
            """);
        foreach (var p in profiles)
        {
            var profile = new Profile
            {
                PhysicianId = p.PhysicianId.ToString(),
                SpecialtyCode = p.SpecialtyCode,
                PathologyCodes = { p.PathologyCodes },
                Establishments = { p.Establishments },
                TiedPhysicians = { p.TiedPhysicians.Select(t => t.ToString()) },
                TiedEstablishments = { p.TiedEstablishments },
                Capacity = p.Capacity,
                Languages = { p.Languages },
                Patients = p.Patients,
                ReferencePathologies = { p.ReferencePathologies },
                OccasionalPathologies = { p.OccasionalPathologies },
                Leaves = { p.Leaves },
            };
            if (p.WeeklyCapacity is { } weekly)
            {
                profile.WeeklyCapacity = weekly;
            }

            await responseStream.WriteAsync(profile);
        }
    }

    private sealed record Row(
        Guid PhysicianId, string SpecialtyCode, string[] PathologyCodes, string[] Establishments, Guid[] TiedPhysicians, string[] TiedEstablishments,
        int Capacity, string[] Languages, string Patients, string[] ReferencePathologies, string[] OccasionalPathologies, int? WeeklyCapacity, string[] Leaves);
}
