using Dapper;
using Npgsql;

namespace SecondOpinion.Matching.Offers;

/// <summary>Has the waiting cases that a physician could take looked at again: the physician was admitted, came back, or has a free place.</summary>
internal sealed class WaitingCases(NpgsqlDataSource dataSource, AdvanceDueCases advance, TimeProvider time)
{
    /// <summary>Called after the commit of what changed. A call lost to a crash costs <c>Matching:TryAgainAfter</c> and nothing else.</summary>
    public async Task LookAgain(Guid physicianId)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        var woken = await db.ExecuteAsync(
            """
            update matching_case
            set next_look_at = @Now
            where case_id in (
              select c.case_id
              from matching_case c
              join expert e on e.physician_id = @physicianId and (c.pathology_code = any(e.pathology_codes) or c.specialty_code = e.specialty_code)
              where c.state = 'waiting'
              order by c.case_id
              for update of c)
            """,
            new { physicianId, Now = time.GetUtcNow() });
        if (woken > 0)
        {
            advance.Wake();
        }
    }

    /// <summary>The cases that a physician has: whoever has just gone away is not waited for.</summary>
    public async Task LookAtOwn(Guid physicianId)
    {
        await using var db = await dataSource.OpenConnectionAsync();
        var woken = await db.ExecuteAsync(
            """
            update matching_case
            set next_look_at = @Now
            where case_id in (
              select c.case_id
              from offer o
              join matching_case c on c.case_id = o.case_id
              where o.physician_id = @physicianId and o.state = 'accepted' and c.state = 'assigned' and c.paused_since is null
              order by c.case_id
              for update of c)
            """,
            new { physicianId, Now = time.GetUtcNow() });
        if (woken > 0)
        {
            advance.Wake();
        }
    }
}
