using System.Text.Json;
using SecondOpinion.Matching.Choosing;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Bench.Matching;

/// <summary>The sample référents, and cases over their diseases: frequent ones often, rare ones rarely, from a seed.</summary>
internal sealed class World
{
    public required IReadOnlyList<Expert> Physicians { get; init; }

    public required IReadOnlyList<(string Code, string Specialty)> Pathologies { get; init; }

    public static World Load()
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "sample-physicians.json"));
        var samples = JsonSerializer.Deserialize<List<Sample>>(file, JsonSerializerOptions.Web)!;
        var physicians = samples.Select((s, i) => new Expert(
            new Guid(i + 1, 0, 0, new byte[8]), Specialties.Canonical(s.SpecialtyCode), s.PathologyCodes, s.Establishments, [], [], s.Capacity, 0, null, null,
            s.Languages, Words.Read<PatientAges>(s.Patients), s.ReferencePathologies, s.OccasionalPathologies, null, 0, [], 72)).ToList();
        return new World
        {
            Physicians = physicians,
            Pathologies = [.. physicians.SelectMany(p => p.PathologyCodes.Select(code => (code, p.SpecialtyCode))).DistinctBy(p => p.code)],
        };
    }

    /// <summary>The same people with so many places in all, each their share.</summary>
    public IReadOnlyList<Expert> Experts(int placesInAll)
    {
        var share = (double)placesInAll / Physicians.Sum(p => p.Capacity);
        return [.. Physicians.Select(p => p with { Capacity = Math.Max(1, (int)(p.Capacity * share)) })];
    }

    public IReadOnlyList<Assignment.Waiting> Cases(int count, DateTimeOffset now, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(1, count).Select(i => new Assignment.Waiting(
            new Guid(i, 1, 0, new byte[8]), Draw(random) with { DueAt = now.AddHours(random.Next(24, 168)) }))];
    }

    public CaseToMatch Draw(Random random)
    {
        // The n-th disease about 1/√n as often as the first.
        var (code, specialty) = Pathologies[(int)(Pathologies.Count * Math.Pow(random.NextDouble(), 2))];
        var house = random.Next(3) == 0 ? [Physicians[random.Next(Physicians.Count)].Establishments[0]] : Array.Empty<string>();
        return new CaseToMatch(code, specialty, DateTimeOffset.MaxValue, house, new HashSet<Guid>(), new HashSet<Guid>());
    }

    private sealed record Sample(
        string Rpps, string DisplayName, string SpecialtyCode, string[] PathologyCodes, string[] ReferencePathologies, string[] OccasionalPathologies,
        string[] Establishments, string[] Languages, string Patients, int Capacity);
}
