using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Contracts.Reporting;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Tests.Reporting;

/// <summary>
/// Three years of events of a service whose report is the published one (mission report 2023, tables of the four commitments). The published shares are not
/// known to a person: each year is made of as many people as give them, to the rounding that was printed.
/// </summary>
internal static class MissionSeed
{
    /// <summary>What was published of a year, in percent where nothing else is said; the occupations of 2021 add up to 104.</summary>
    private sealed record Published(
        int Year, int Opinions, long Beneficiaries, int Converging, int Aware, int[] Classes, int[] Categories, int Disabled, int Referred,
        int Recommending, int Answers, int StudyAsked, int StudyAnswers);

    private static readonly Published[] Years =
    [
        new(2021, 300, 16_600_000, 65, 45, [50, 25, 25], [24, 31, 4, 19, 14, 12], 10, 9, 489, 500, 0, 0),
        new(2022, 420, 23_000_000, 69, 45, [53, 23, 24], [21, 31, 4, 14, 17, 13], 8, 8, 487, 500, 4505, 500),
        new(2023, 689, 28_000_000, 69, 44, [51, 25, 24], [22, 28, 4, 14, 14, 18], 8, 7, 437, 450, 7207, 800),
    ];

    private static readonly string[] Departments = ["75", "27", "18"];

    /// <summary>In the order of the published table, with INSEE's group of each.</summary>
    private static readonly (string Mission, string Pcs)[] Occupations =
        [("csp_plus", "3"), ("employee", "5"), ("intermediate", "4"), ("other", "6"), ("inactive", "8"), ("retired", "7")];

    /// <summary>Every event once, in the order of the years.</summary>
    public static IEnumerable<object> Events() => Years.SelectMany(year => Rosters(year).Concat(Cases(year)).Concat(Surveys(year)));

    /// <summary>What an operator declares of each year, as the API takes it.</summary>
    public static object Declared(int year) => new
    {
        members = year == 2023 ? [new { name = "Membre Exemple", role = "Médecin généraliste" }] : Array.Empty<object>(),
        targets = year == 2023 ? [new { indicator = "recommendation_rate", text = "> 95 %" }] : Array.Empty<object>(),
        comments = year == 2023 ? [new { commitment = 1, text = "Le Comité félicite l'équipe.\n<script>alert('2')</script> & suite" }] : Array.Empty<object>(),
        conclusion = year == 2023 ? "Les grands sujets sont nombreux." : "",
        partnerships = Partners(year).Select(p => new { kind = p.Kind, name = p.Name, signedOn = $"{year}-06-01" }),
        actions = Actions(year).Select(a => new { kind = a.Kind, title = a.Title, heldOn = $"{year}-05-02", people = a.People }),
        published = Figures(year).Select(f => new { indicator = f.Indicator, group = f.Group, value = f.Value }),
    };

    /// <summary>The published tables, figure by figure.</summary>
    public static IReadOnlyList<(string Indicator, string? Group, decimal Value)> Figures(int year)
    {
        var of = Years.Single(y => y.Year == year);
        string[] classes = ["well_served", "intermediate", "desert"];
        List<(string, string?, decimal)> figures =
        [
            ("potential_beneficiaries", null, of.Beneficiaries),
            ("recommendation_rate", null, year switch { 2021 => 97.8m, 2022 => 97.4m, _ => 97.1m }),
            ("convergence", null, of.Converging),
            ("treating_physician_aware", null, of.Aware),
            .. classes.Zip(of.Classes, (group, share) => ("department_class", (string?)group, (decimal)share)),
            .. Occupations.Zip(of.Categories, (group, share) => ("mission_category", (string?)group.Mission, (decimal)share)),
            ("disability", null, of.Disabled),
            ("referred_by_physician", null, of.Referred),
        ];
        figures.AddRange(year switch
        {
            2021 => [("partner_associations", null, 2)],
            // Four are named below the published "2".
            2022 => [("opinions_growth", null, 40), ("six_month_answers", null, 500), ("studies", null, 1), ("partner_associations", null, 2)],
            _ => (IEnumerable<(string, string?, decimal)>)
                [("opinions_growth", null, 64), ("six_month_answers", null, 800), ("six_month_response_rate", null, 11.1m)],
        });
        return figures;
    }

    private static IEnumerable<(string Kind, string Name)> Partners(int year) => year switch
    {
        2021 => [("association", "EndoFrance"), ("association", "EndoMind")],
        2022 => [("association", "ANAMACAP"), ("association", "France Acouphènes"), ("association", "Asso'SPK"), ("association", "Grossesse à risque")],
        _ =>
        [
            ("establishment", "Centre Léon Bérard"), ("establishment", "Institut Lejeune"), ("association", "Anamacap"), ("association", "Endobreiz"),
            ("association", "Likid Chocolat"), ("association", "Patients en réseau"),
        ],
    };

    private static IEnumerable<(string Kind, string Title, int? People)> Actions(int year) => year switch
    {
        2021 => [],
        2022 => [("study", "Étude médico-économique endométriose", null)],
        _ =>
        [
            ("study", "Étude rachis", null), ("study", "Étude endométriose actualisée", null),
            .. Enumerable.Range(1, 5).Select(n => ("webinar", $"Webinaire {n}", (int?)120)), ("evening", "Think tank médical", 60), ("mailing", "Envoi", null),
        ],
    };

    /// <summary>Two insurers; the second comes in with the year's growth, and an old list is replaced in the year.</summary>
    private static IEnumerable<object> Rosters(Published of)
    {
        RosterImported Roster(byte insurer, int version, long people, int month) => new()
        {
            InsurerId = new Guid(insurer, 0, 0, new byte[8]),
            RosterVersion = version,
            Accepted = people,
            Rejected = 3,
            ImportedAt = new DateTimeOffset(of.Year, month, 3, 8, 0, 0, TimeSpan.Zero),
        };
        return [Roster(1, 2 * of.Year, 4_000_000, 2), Roster(1, 2 * of.Year + 1, 9_600_000, 9), Roster(2, of.Year, of.Beneficiaries - 9_600_000, 10)];
    }

    private static IEnumerable<object> Cases(Published of)
    {
        var begins = FrenchTime.Midnight(new DateOnly(of.Year, 1, 1));
        var ends = FrenchTime.Midnight(new DateOnly(of.Year + 1, 1, 1));
        var step = (ends - begins) / of.Opinions;
        var (classes, categories) = (Cut(of.Opinions, of.Classes), Cut(of.Opinions, of.Categories));
        for (var i = 0; i < of.Opinions; i++)
        {
            var (caseId, opinionId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
            // The first one half a minute into the year in Paris, while it is still the year before in UTC; the last one shortly before its end.
            var at = i == of.Opinions - 1 ? ends.AddSeconds(-30) : begins.AddSeconds(30) + i * step;
            OpinionDelivered Delivered(int version, DateTimeOffset when) =>
                new() { OpinionId = opinionId, CaseId = caseId, PhysicianId = Guid.CreateVersion7(), Version = version, DeliveredAt = when };
            yield return Delivered(1, at);
            if (i < 5)
            {
                // Corrected in the year after: it does not count there.
                yield return Delivered(2, ends.AddDays(20 + i));
            }

            yield return new OpinionOutcomeRecorded
            {
                OpinionId = opinionId,
                CaseId = caseId,
                Version = 1,
                PathologyCode = "endometriose",
                Diagnosis = i % 2 == 0 ? "confirmed" : "clarified",
                Treatment = Within(i, of.Opinions, of.Converging) ? "confirmed" : "changed",
                Impact = "minor",
                RecordedAt = at,
            };
            var occupation = Occupations[categories[i]];
            yield return new SocialFactsTold
            {
                CaseId = caseId,
                DepartmentCode = Departments[classes[i]],
                PcsGroup = occupation.Pcs,
                MissionCategory = occupation.Mission,
                MappingVersion = 1,
                Disability = Within(i, of.Opinions, of.Disabled) ? "yes" : "no",
                HeardFrom = Within(i, of.Opinions, of.Referred) ? "physician" : "insurer",
                TreatingPhysicianAware = Within(i, of.Opinions, of.Aware) ? "yes" : "no",
                Reason = "clarify_diagnosis",
                Timing = null,
                ToldAt = at.AddDays(-4),
            };
        }
    }

    private static IEnumerable<object> Surveys(Published of)
    {
        var june = FrenchTime.Midnight(new DateOnly(of.Year, 6, 1));
        SurveyAnswered Answer(string survey, bool? recommends, bool? avoided) => new()
        {
            AnswerId = Guid.CreateVersion7(),
            Survey = survey,
            Recommends = recommends,
            Score = recommends is null ? null : 9,
            Followed = avoided is null ? null : "followed",
            OperationAvoided = avoided,
            AnsweredIn = june,
        };
        if (of.StudyAsked > 0)
        {
            yield return new SurveySent { SendingId = Guid.CreateVersion7(), Survey = "six_months", People = of.StudyAsked, SentAt = june };
        }

        for (var i = 0; i < of.Answers; i++)
        {
            yield return Answer("recommendation", i < of.Recommending, null);
        }

        for (var i = 0; i < of.StudyAnswers; i++)
        {
            yield return Answer("six_months", null, i % 3 == 0);
        }
    }

    private static bool Within(int i, int of, int percent) => i < Math.Round(of * percent / 100.0);

    /// <summary>The part that each of so many people falls in; parts that add up to more than 100 get less than they claim.</summary>
    private static int[] Cut(int people, int[] shares)
    {
        double all = shares.Sum();
        var ends = shares.Select((_, i) => Math.Round(people * shares[..(i + 1)].Sum() / all)).ToArray();
        return [.. Enumerable.Range(0, people).Select(i => Array.FindIndex(ends, end => i < end))];
    }
}
