using SecondOpinion.Matching.Choosing;

namespace SecondOpinion.Bench.Matching;

/// <summary>
/// A year of cases, hour by hour. An offer is answered within a day: one in five declines, one in twenty never answers and expires; whoever accepts writes for
/// one to three days. The seven days run from the complete file. When every référent of the disease has refused, a coordinator names somebody within eight
/// hours.
/// </summary>
internal static class Year
{
    private const int Hours = 365 * 24;
    private const double Declines = 0.20;
    private const double Silent = 0.05;
    private const int OfferLifetime = 24;
    private const int CoordinatorTakes = 8;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="InTime">Share of the cases whose opinion came within seven days.</param>
    /// <param name="Offers">Offers a case.</param>
    /// <param name="Gini">Of the opinions for each place: 0 is even, 1 is all by one.</param>
    /// <param name="LongestWait">Hours until a first offer.</param>
    /// <param name="Coordinated">Cases for which a coordinator named somebody, of all.</param>
    internal sealed record Outcome(double InTime, double Offers, double Gini, double LongestWait, double Coordinated);

    private sealed class Running
    {
        public required Guid Id { get; init; }

        public required CaseToMatch Case { get; set; }

        public required int Arrived { get; init; }

        public int FirstOffered { get; set; } = -1;

        public int Delivered { get; set; } = int.MaxValue;

        /// <summary>When the last offer came back.</summary>
        public int Returned { get; set; }

        public bool AskedAll(IEnumerable<Expert> people) =>
            people.Where(p => p.PathologyCodes.Contains(Case.PathologyCode)).All(p => Case.AlreadyAsked.Contains(p.PhysicianId)
                || Choice.Dependence(Case, p) is not null);
    }

    /// <param name="world">Physicians; each takes a quarter of the sample's places at a time, as practices do.</param>
    /// <param name="cases">In the year.</param>
    /// <param name="together">Waiting cases are assigned together, else one after the other.</param>
    /// <param name="seed">Makes the same year again.</param>
    public static Outcome Simulate(World world, int cases, bool together, int seed)
    {
        var random = new Random(seed);
        var people = world.Physicians.ToDictionary(p => p.PhysicianId, p => p with { Capacity = Math.Max(1, p.Capacity / 4) });
        var opinions = people.Keys.ToDictionary(id => id, _ => 0);
        // Drawn beforehand, so that both ways live the same year.
        var arrivals = Enumerable.Range(0, cases).Select(i => new Running
        {
            Id = new Guid(i + 1, 2, 0, new byte[8]),
            Case = world.Draw(random),
            Arrived = (int)(random.NextDouble() * Hours),
        }).OrderBy(r => r.Arrived).ThenBy(r => r.Id).ToList();
        arrivals.ForEach(r => r.Case = r.Case with { DueAt = Start.AddHours(r.Arrived + 168) });
        var answers = new Random(seed + 1);
        var happens = new PriorityQueue<Action, (int Hour, int Order)>();
        var waiting = new List<Running>();
        var (order, next, offers, coordinated) = (0, 0, 0, 0);
        for (var hour = 0; hour < Hours + 60 * 24; hour++)
        {
            while (happens.TryPeek(out var act, out var at) && at.Hour <= hour)
            {
                happens.Dequeue();
                act();
            }

            for (; next < arrivals.Count && arrivals[next].Arrived <= hour; next++)
            {
                waiting.Add(arrivals[next]);
            }

            if (waiting.Count == 0)
            {
                continue;
            }

            var now = Start.AddHours(hour);
            var plan = together && waiting.Count > 1
                ? Assignment.Of([.. waiting.Select(w => new Assignment.Waiting(w.Id, w.Case))], people.Values, now)
                : null;
            foreach (var one in waiting.ToList())
            {
                var chosen = plan is null ? Choice.Choose(one.Case, people.Values, now).Chosen : plan.TryGetValue(one.Id, out var given) ? given : (Guid?)null;
                // Every référent has refused: a coordinator names a colleague of the specialty, under the same rules.
                if (chosen is null && one.AskedAll(people.Values) && hour - one.Returned >= CoordinatorTakes)
                {
                    chosen = people.Values.Where(p => p.SpecialtyCode == one.Case.SpecialtyCode && Choice.Judge(one.Case, p, now) == Verdict.Eligible)
                        .OrderBy(p => p.Load).ThenBy(p => p.PhysicianId).FirstOrDefault()?.PhysicianId;
                    coordinated += chosen is null ? 0 : 1;
                }

                if (chosen is { } physician)
                {
                    waiting.Remove(one);
                    Offer(one, physician, hour, now);
                }
            }
        }

        var started = arrivals.Where(r => r.FirstOffered >= 0).ToList();
        var loads = people.Values.Select(p => (double)opinions[p.PhysicianId] / p.Capacity).Order().ToList();
        return new Outcome(
            arrivals.Count(r => r.Delivered - r.Arrived < 168) / (double)arrivals.Count, (double)offers / arrivals.Count, Gini(loads),
            started.Max(r => r.FirstOffered - r.Arrived), (double)coordinated / arrivals.Count);

        void Offer(Running one, Guid physician, int hour, DateTimeOffset now)
        {
            offers++;
            one.FirstOffered = one.FirstOffered < 0 ? hour : one.FirstOffered;
            people[physician] = people[physician] with { OpenCases = people[physician].OpenCases + 1, LastOfferedAt = now };
            one.Case = one.Case with { AlreadyAsked = one.Case.AlreadyAsked.Append(physician).ToHashSet() };
            var answer = answers.NextDouble();
            if (answer < Declines + Silent)
            {
                var back = hour + (answer < Silent ? OfferLifetime : answers.Next(1, 20));
                At(back, () =>
                {
                    Free(physician);
                    one.Returned = back;
                    waiting.Add(one);
                });
                return;
            }

            var done = hour + answers.Next(1, 20) + answers.Next(24, 73);
            At(done, () =>
            {
                Free(physician);
                opinions[physician]++;
                one.Delivered = done;
            });
        }

        void Free(Guid physician) => people[physician] = people[physician] with { OpenCases = people[physician].OpenCases - 1 };

        void At(int hour, Action act) => happens.Enqueue(act, (hour, order++));
    }

    private static double Gini(List<double> sorted)
    {
        var sum = sorted.Sum();
        return sum == 0 ? 0 : sorted.Select((x, i) => (2.0 * (i + 1) - sorted.Count - 1) * x).Sum() / (sorted.Count * sum);
    }
}
