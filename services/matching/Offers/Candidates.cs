using Dapper;
using Npgsql;
using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Choosing;

namespace SecondOpinion.Matching.Offers;

/// <summary>Reads the experts that a choice is made among, and holds them until the choice is committed: two choices never fill one place.</summary>
internal static class Candidates
{
    /// <summary>
    /// What an opinion takes, in hours, as far as is known: the mean of the physician's last ten, with three of the usual length beside them, so that one
    /// quick or slow opinion says little. The usual length is an assumption: under half of the promise, until a physician's own history speaks.
    /// </summary>
    public const string TurnaroundHours =
        """
        (select (coalesce(sum(extract(epoch from last.turnaround)::float8 / 3600), 0) + 3 * 72) / (count(*) + 3)
          from (
            select o.turnaround from offer o where o.physician_id = e.physician_id and o.turnaround is not null order by o.closed_at desc limit 10) last)
        """;

    public static async Task<IReadOnlyList<Expert>> LockFor(NpgsqlConnection db, MatchingCase wanted, DateTimeOffset now)
    {
        // Locked in one order, so that two choices wait for each other instead of deadlocking.
        var ids = (await db.QueryAsync<Guid>(
            """
            select physician_id
            from expert
            where profile_at is not null
              and (@PathologyCode = any(pathology_codes)
                or (specialty_code = @SpecialtyCode
                  and not exists (select from expert referent where referent.profile_at is not null and @PathologyCode = any(referent.pathology_codes))))
            order by physician_id
            for no key update
            """,
            new { wanted.PathologyCode, wanted.SpecialtyCode })).ToArray();
        return await Read(db, ids, now);
    }

    /// <summary>The same for many cases at once.</summary>
    public static async Task<IReadOnlyList<Expert>> LockForAll(
        NpgsqlConnection db, IReadOnlyCollection<MatchingCase> wanted, DateTimeOffset now)
    {
        var ids = (await db.QueryAsync<Guid>(
            """
            select physician_id
            from expert
            where profile_at is not null and (pathology_codes && @Pathologies or specialty_code = any(@Specialties))
            order by physician_id
            for no key update
            """,
            new
            {
                Pathologies = wanted.Select(w => w.PathologyCode!).Distinct().ToArray(),
                Specialties = wanted.Select(w => w.SpecialtyCode!).Distinct().ToArray(),
            })).ToArray();
        return await Read(db, ids, now);
    }

    /// <summary>One expert by id, locked; empty when not admitted.</summary>
    public static async Task<IReadOnlyList<Expert>> Lock(NpgsqlConnection db, Guid physicianId, DateTimeOffset now)
    {
        var ids = (await db.QueryAsync<Guid>(
            "select physician_id from expert where physician_id = @physicianId and profile_at is not null for no key update", new { physicianId })).ToArray();
        return await Read(db, ids, now);
    }

    public static async Task<CaseToMatch> CaseToMatch(NpgsqlConnection db, MatchingCase wanted)
    {
        var asked = await db.QueryAsync<Guid>("select physician_id from offer where case_id = @CaseId", new { wanted.CaseId });
        // Where a physician who asks or treats works, colleagues are not independent either. Known only of those who are référents themselves.
        var places = await db.QueryAsync<string>(
            "select distinct unnest(establishments) from expert where physician_id = any(@InvolvedPhysicians)", new { wanted.InvolvedPhysicians });
        return new CaseToMatch(
            wanted.PathologyCode!,
            wanted.SpecialtyCode!,
            wanted.DueAt!.Value,
            [.. places, .. wanted.TreatingEstablishment is { } treating ? [treating] : (string[])[]],
            wanted.InvolvedPhysicians.ToHashSet(),
            asked.ToHashSet())
        {
            IsMinor = wanted.PatientIsMinor,
            Language = wanted.Language,
        };
    }

    /// <summary>A statement of its own: its snapshot is taken once the locks are held, so it counts every place that was given before.</summary>
    private static async Task<IReadOnlyList<Expert>> Read(NpgsqlConnection db, Guid[] ids, DateTimeOffset now) =>
    [
        .. await db.QueryAsync<Expert>(
            $"""
            select e.physician_id, e.specialty_code, e.pathology_codes, e.establishments, e.tied_physicians, e.tied_establishments, e.capacity,
              (select count(*)::int from offer o where o.physician_id = e.physician_id and o.state in ('open', 'accepted')) as open_cases,
              e.away_until,
              (select max(o.offered_at) from offer o where o.physician_id = e.physician_id) as last_offered_at,
              e.languages, e.patients, e.reference_pathologies, e.occasional_pathologies, e.weekly_capacity,
              (select count(*)::int from offer o
                where o.physician_id = e.physician_id and o.state in ('open', 'accepted', 'delivered') and o.offered_at > @WeekAgo) as taken_this_week,
              e.leaves, {TurnaroundHours} as turnaround_hours
            from expert e
            where e.physician_id = any(@ids)
            """,
            new { ids, WeekAgo = now.AddDays(-7) }),
    ];
}
