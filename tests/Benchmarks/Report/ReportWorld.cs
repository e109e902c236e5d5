using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dapper;
using Npgsql;

namespace SecondOpinion.Bench.Report;

/// <summary>
/// Facts of whole years, made inside the database as the consumers would have left them: delivered cases with what patients told, and surveys.
/// </summary>
internal sealed class ReportWorld(NpgsqlDataSource data)
{
    public async Task Add(int year, int cases)
    {
        await using var db = await data.OpenConnectionAsync();
        await db.ExecuteAsync(
            """
            insert into case_fact (case_id, pathology_code, specialty_code, department_code, department_at, requested_by, coverage, coverage_at, state,
              state_sequence, state_at, opened_at, submitted_at, completed_at, due_at, first_offered_at, assigned_at, delivered_at, booked_at, opinion_version,
              outcome_version, diagnosis, treatment, impact, receivable_cents, payable_cents, mission_category, pcs_group, disability, heard_from,
              treating_physician_aware, social_at)
            select gen_random_uuid(), 'pathologie-' || (n::bigint * n) % 700, 'SM20', lpad((1 + n % 95)::text, 2, '0'), t, 'patient', 'reserved', t,
              'delivered', 6, t, t, t, t, t + interval '7 days', t, t, t + interval '4 days', t, 1, 1, (array['confirmed', 'clarified', 'changed'])[1 + n % 3],
              (array['confirmed', 'confirmed', 'changed'])[1 + n % 3], 'minor', 29500, 12000,
              (array['csp_plus', 'employee', 'intermediate', 'other', 'inactive', 'retired'])[1 + n % 6], (1 + n % 8)::text,
              (array['yes', 'no', 'no', 'no'])[1 + n % 4], (array['physician', 'insurer', 'internet', 'press'])[1 + n % 4], (array['yes', 'no'])[1 + n % 2], t
            from generate_series(1, @cases) as n,
              lateral (select make_timestamptz(@year, 1, 2, 0, 0, 0, 'UTC') + n * (interval '355 days' / @cases) as t) as moment
            order by random();

            insert into survey_answer_fact (answer_id, survey, recommends, score, answered_in)
            select gen_random_uuid(), 'recommendation', n % 30 > 0, n % 11, make_timestamptz(@year, 6, 1, 0, 0, 0, 'UTC')
            from generate_series(1, @cases / 5) as n;

            insert into survey_sent_fact (sending_id, survey, people, sent_at)
            values (gen_random_uuid(), 'recommendation', @cases / 3, make_timestamptz(@year, 6, 1, 0, 0, 0, 'UTC'));
            """,
            new { year, cases }, commandTimeout: 600);
    }

    /// <summary>As autovacuum does after such a load.</summary>
    public async Task Settle()
    {
        await using var db = await data.OpenConnectionAsync();
        await db.ExecuteAsync("vacuum analyze case_fact; ", commandTimeout: 600);
        await db.ExecuteAsync("analyze survey_answer_fact");
    }

    /// <summary>
    /// The limit for whatever writes facts: the same rows, ready-made, by COPY into a table with the same indexes.
    /// </summary>
    /// <returns>Rows a second.</returns>
    public async Task<double> Copy(int rows)
    {
        await using var db = await data.OpenConnectionAsync();
        await db.ExecuteAsync("create table copied (like case_fact including all)");
        var lines = new StringBuilder();
        using (var reader = await db.BeginTextExportAsync(
            $"copy (select * from case_fact limit {rows.ToString(CultureInfo.InvariantCulture)}) to stdout"))
        {
            lines.Append(await reader.ReadToEndAsync());
        }

        var start = Stopwatch.GetTimestamp();
        await using (var writer = await db.BeginTextImportAsync("copy copied from stdin"))
        {
            await writer.WriteAsync(lines);
        }

        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await db.ExecuteAsync("drop table copied");
        return rows / seconds;
    }
}
