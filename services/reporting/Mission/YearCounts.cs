using Dapper;
using Npgsql;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Reporting.Mission;

/// <summary>What was counted of one civil year in Paris, before anything is hidden: never leaves the service as it is.</summary>
/// <param name="Opinions">Patients with a first opinion in the year.</param>
/// <param name="OpinionsBefore">The same of the year before.</param>
internal sealed record YearCounts(
    int Year, long Opinions, long OpinionsBefore, CaseCounts Cases, SurveyCounts Recommendation, SurveyCounts Study, long Beneficiaries,
    IReadOnlyList<PathologyConvergence> Pathologies)
{
    /// <summary>Counts three years in the snapshot that the connection is in.</summary>
    /// <param name="db">In a transaction that sees one snapshot.</param>
    /// <param name="year">The last one.</param>
    /// <param name="table">Version of the table of classes of départements; 0 for none.</param>
    public static async Task<IReadOnlyList<YearCounts>> Read(NpgsqlConnection db, int year, int table)
    {
        int[] years = [year - 2, year - 1, year];
        var period = new
        {
            Years = years,
            Begins = years.Select(y => FrenchTime.Midnight(new DateOnly(y, 1, 1)).UtcDateTime).ToArray(),
            Ends = years.Select(y => FrenchTime.Midnight(new DateOnly(y + 1, 1, 1)).UtcDateTime).ToArray(),
            BeforeBegins = FrenchTime.Midnight(new DateOnly(year - 3, 1, 1)),
            From = FrenchTime.Midnight(new DateOnly(year - 2, 1, 1)),
            Until = FrenchTime.Midnight(new DateOnly(year + 1, 1, 1)),
            Table = table,
            ConvergenceDefinition.Changed,
        };
        var before = await db.ExecuteScalarAsync<long>(
            "select count(*) from case_fact where delivered_at >= @BeforeBegins and delivered_at < @From", period);
        var cases = (await db.QueryAsync<CaseCounts>(CasesSql, period)).ToDictionary(row => row.Year);
        var surveys = (await db.QueryAsync<SurveyCounts>(SurveysSql, period)).ToDictionary(row => (row.Year, row.Survey));
        var beneficiaries = (await db.QueryAsync<(int Year, long People)>(BeneficiariesSql, period)).ToDictionary(row => row.Year, row => row.People);
        var pathologies = (await PathologyConvergence.Read(db, period)).ToLookup(row => row.Year);
        return [.. years.Select(y => new YearCounts(
            y, Opinions(y), y == years[0] ? before : Opinions(y - 1), cases.GetValueOrDefault(y) ?? new CaseCounts(),
            surveys.GetValueOrDefault((y, RecommendationSurvey)) ?? new SurveyCounts(), surveys.GetValueOrDefault((y, StudySurvey)) ?? new SurveyCounts(),
            beneficiaries.GetValueOrDefault(y), [.. pathologies[y]]))];

        long Opinions(int of) => cases.GetValueOrDefault(of)?.Opinions ?? 0;
    }

    /// <summary>Seven days after the opinion.</summary>
    public const string RecommendationSurvey = "recommendation";

    /// <summary>Six months after it.</summary>
    public const string StudySurvey = "six_months";

    /// <summary>One pass over the opinions of three years; classes by a join with a hundred rows.</summary>
    private const string CasesSql =
        """
        select
          (@Years)[width_bucket(delivered_at, @Begins)] as year,
          count(*) as opinions,
          count(*) filter (where outcome_version > 0) as outcomes,
          count(*) filter (where diagnosis <> @Changed and treatment <> @Changed) as converging,
          count(*) filter (where treating_physician_aware = 'yes') as aware,
          count(*) filter (where treating_physician_aware = 'no') as unaware,
          count(*) filter (where disability = 'yes') as disabled,
          count(*) filter (where disability = 'no') as not_disabled,
          count(*) filter (where requested_by = 'physician' or heard_from = 'physician') as referred,
          count(*) filter (where requested_by is distinct from 'physician' and heard_from not in ('physician', 'prefer_not_to_say')) as not_referred,
          count(*) filter (where d.class = 'well_served') as class_well_served,
          count(*) filter (where d.class = 'intermediate') as class_intermediate,
          count(*) filter (where d.class = 'desert') as class_desert,
          count(*) filter (where mission_category = 'csp_plus') as csp_plus,
          count(*) filter (where mission_category = 'employee') as employee,
          count(*) filter (where mission_category = 'intermediate') as intermediate,
          count(*) filter (where mission_category = 'other') as other,
          count(*) filter (where mission_category = 'inactive') as inactive,
          count(*) filter (where mission_category = 'retired') as retired,
          count(*) filter (where pcs_group = '1') as pcs1,
          count(*) filter (where pcs_group = '2') as pcs2,
          count(*) filter (where pcs_group = '3') as pcs3,
          count(*) filter (where pcs_group = '4') as pcs4,
          count(*) filter (where pcs_group = '5') as pcs5,
          count(*) filter (where pcs_group = '6') as pcs6,
          count(*) filter (where pcs_group = '7') as pcs7,
          count(*) filter (where pcs_group = '8') as pcs8
        from case_fact c
        left join department_class d on d.version = @Table and d.code = c.department_code
        where delivered_at >= @From and delivered_at < @Until
        group by 1
        """;

    private const string SurveysSql =
        """
        with period as (
          select * from unnest(@Years, @Begins, @Ends) as p (year, begins, ends)
        ), sent as (
          select p.year, s.survey, sum(s.people)::bigint as people
          from period p
          join survey_sent_fact s on s.sent_at >= p.begins and s.sent_at < p.ends
          group by 1, 2
        ), answer as (
          select
            p.year,
            a.survey,
            count(*) as answers,
            count(*) filter (where recommends) as recommending,
            count(*) filter (where not recommends) as not_recommending,
            count(*) filter (where operation_avoided) as avoided,
            count(*) filter (where not operation_avoided) as not_avoided
          from period p
          join survey_answer_fact a on a.answered_in >= p.begins and a.answered_in < p.ends
          group by 1, 2
        )
        select year, survey, coalesce(sent.people, 0) as asked, coalesce(answers, 0) as answers, coalesce(recommending, 0) as recommending,
          coalesce(not_recommending, 0) as not_recommending, coalesce(avoided, 0) as avoided, coalesce(not_avoided, 0) as not_avoided
        from sent
        full join answer using (year, survey)
        """;

    /// <summary>Of each insurer the list that was in force when the year ended.</summary>
    private const string BeneficiariesSql =
        """
        select p.year, sum(latest.accepted)::bigint as people
        from unnest(@Years, @Ends) as p (year, ends)
        cross join lateral (
          select distinct on (insurer_id) accepted
          from roster_fact
          where imported_at < p.ends
          order by insurer_id, imported_at desc, version desc
        ) as latest
        group by p.year
        """;
}

/// <summary>Counts over the opinions of a year.</summary>
internal sealed record CaseCounts
{
    public int Year { get; init; }

    public long Opinions { get; init; }

    public long Outcomes { get; init; }

    public long Converging { get; init; }

    public long Aware { get; init; }

    public long Unaware { get; init; }

    public long Disabled { get; init; }

    public long NotDisabled { get; init; }

    public long Referred { get; init; }

    public long NotReferred { get; init; }

    public long ClassWellServed { get; init; }

    public long ClassIntermediate { get; init; }

    public long ClassDesert { get; init; }

    public long CspPlus { get; init; }

    public long Employee { get; init; }

    public long Intermediate { get; init; }

    public long Other { get; init; }

    public long Inactive { get; init; }

    public long Retired { get; init; }

    public long Pcs1 { get; init; }

    public long Pcs2 { get; init; }

    public long Pcs3 { get; init; }

    public long Pcs4 { get; init; }

    public long Pcs5 { get; init; }

    public long Pcs6 { get; init; }

    public long Pcs7 { get; init; }

    public long Pcs8 { get; init; }

    public IReadOnlyList<long> Classes => [ClassWellServed, ClassIntermediate, ClassDesert];

    public IReadOnlyList<long> Categories => [CspPlus, Employee, Intermediate, Other, Inactive, Retired];

    public IReadOnlyList<long> PcsGroups => [Pcs1, Pcs2, Pcs3, Pcs4, Pcs5, Pcs6, Pcs7, Pcs8];
}

/// <summary>Counts over the answers to one survey in a year.</summary>
internal sealed record SurveyCounts
{
    public int Year { get; init; }

    public string Survey { get; init; } = "";

    public long Asked { get; init; }

    public long Answers { get; init; }

    public long Recommending { get; init; }

    public long NotRecommending { get; init; }

    public long Avoided { get; init; }

    public long NotAvoided { get; init; }
}
