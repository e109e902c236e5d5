using Dapper;
using Grpc.Core;
using Npgsql;
using SecondOpinion.Contracts.Physician.V1;

namespace SecondOpinion.Physician.Referents;

/// <summary>Gives matching every admitted profile over gRPC, for its first start.</summary>
internal sealed class ServeRoster(NpgsqlDataSource dataSource) : Roster.RosterBase
{
    public override async Task List(ListRosterRequest request, IServerStreamWriter<Profile> responseStream, ServerCallContext context)
    {
        await using var db = await dataSource.OpenConnectionAsync(context.CancellationToken);
        // Not a positional record below: Npgsql announces array columns as plain arrays, which no constructor of ours would fit.
        var profiles = await db.QueryAsync<Row>(
            "select physician_id, specialty_code, pathology_codes, establishments, capacity from physician order by physician_id");
        foreach (var p in profiles)
        {
            await responseStream.WriteAsync(new Profile
            {
                PhysicianId = p.PhysicianId.ToString(),
                SpecialtyCode = p.SpecialtyCode,
                PathologyCodes = { p.PathologyCodes },
                Establishments = { p.Establishments },
                Capacity = p.Capacity,
            });
        }
    }

    private sealed record Row
    {
        public Guid PhysicianId { get; init; }

        public string SpecialtyCode { get; init; } = "";

        public string[] PathologyCodes { get; init; } = [];

        public string[] Establishments { get; init; } = [];

        public int Capacity { get; init; }
    }
}
