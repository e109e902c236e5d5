using System.Security.Claims;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Reporting.Mission;

/// <summary>Keeps what is declared for a year of the mission. Every version stays: a report that was printed can be explained.</summary>
internal static class SaveDeclaredYear
{
    /// <summary>What is declared for a year.</summary>
    /// <param name="Year">The civil year.</param>
    /// <param name="Version">0 while nothing was declared.</param>
    /// <param name="Content">What was sent last.</param>
    public sealed record KeptYear(int Year, int Version, DeclaredYear Content);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/mission/{year:int}/declared", Read)
            .AllowRoles(Roles.Ops)
            .GivesEtag()
            .WithName("ReadDeclaredYear")
            .WithSummary("What is declared for a year of the mission")
            .WithDescription("Members, targets, comments, partnerships, actions and published figures. Its ETag goes into If-Match of the next save.");
        api.MapPut("/mission/{year:int}/declared", Handle)
            .AllowRoles(Roles.Ops)
            .RequiresIfMatch()
            .WithName("SaveDeclaredYear")
            .WithSummary("Declares targets, comments, partnerships and actions of a year")
            .WithDescription("Replaces what was declared for the year; earlier versions are kept. Needs If-Match with the ETag of what was read, `\"v0\"` the "
                + "first time.");
    }

    /// <param name="year">The civil year, 2000 to 2100.</param>
    private static async Task<Results<Ok<KeptYear>, Problem>> Read(int year, HttpContext http, NpgsqlDataSource dataSource, CancellationToken cancel)
    {
        if (!MissionReport.IsYear(year))
        {
            return CommonProblems.Absent();
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var kept = (await DeclaredYear.ReadAll(db, year)).GetValueOrDefault(year);
        http.Response.Headers.ETag = Etags.Of(kept.Version);
        return TypedResults.Ok(new KeptYear(year, kept.Version, kept.Content ?? DeclaredYear.Nothing));
    }

    /// <param name="year">The civil year, 2000 to 2100.</param>
    private static async Task<Results<Ok<KeptYear>, Problem>> Handle(
        int year, DeclaredYear request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        if (!MissionReport.IsYear(year))
        {
            return CommonProblems.Absent();
        }

        var faults = Faults(year, request);
        if (faults.Count > 0)
        {
            return CommonProblems.Invalid([.. faults]);
        }

        return await dataSource.InTransaction<Results<Ok<KeptYear>, Problem>>(async db =>
        {
            var version = await db.ExecuteScalarAsync<int?>("select max(version) from mission_year_version where year = @year", new { year }) ?? 0;
            if (Etags.Mismatch(http.Request, version) is { } mismatch)
            {
                return mismatch;
            }

            var saved = await db.ExecuteAsync(
                """
                insert into mission_year_version (year, version, content, saved_by, saved_at)
                values (@year, @Next, @Content::jsonb, @By, @Now)
                on conflict do nothing
                """,
                new
                {
                    year,
                    Next = version + 1,
                    Content = JsonSerializer.Serialize(request, JsonSerializerOptions.Web),
                    By = user.Subject(),
                    Now = time.GetUtcNow(),
                });
            if (saved == 0)
            {
                // Somebody else declared at the same moment, and was first.
                return Problems.DeclaredMeanwhile();
            }

            http.Response.Headers.ETag = Etags.Of(version + 1);
            return TypedResults.Ok(new KeptYear(year, version + 1, request));
        });
    }

    private static List<FieldError> Faults(int year, DeclaredYear declared)
    {
        var faults = new List<FieldError>();
        void When(bool wrong, string field, string code, string sentence, IReadOnlyList<string>? allowed = null)
        {
            if (wrong)
            {
                faults.Add(new FieldError(field, code, sentence, allowed));
            }
        }

        void Line(string text, string field, int longest = DeclaredYear.MaxLine) =>
            When(string.IsNullOrWhiteSpace(text) || text.Length > longest, field, "length", $"Texte de 1 à {longest} caractères.");
        void Indicator(string code, string field) =>
            When(!MissionCatalogue.Codes.Contains(code), field, "unknown_indicator", "Cet indicateur n'existe pas.", [.. MissionCatalogue.Codes]);
        void InYear(DateOnly day, string field) =>
            When(day.Year != year, field, "other_year", $"Cette date n'est pas en {year} : déclarez-la dans son année.");

        foreach (var (name, count, most) in (IEnumerable<(string, int, int)>)[
            ("members", declared.Members.Count, DeclaredYear.MaxItems), ("targets", declared.Targets.Count, DeclaredYear.MaxItems),
            ("comments", declared.Comments.Count, 4), ("partnerships", declared.Partnerships.Count, DeclaredYear.MaxItems),
            ("actions", declared.Actions.Count, DeclaredYear.MaxItems), ("published", declared.Published.Count, DeclaredYear.MaxItems)])
        {
            When(count > most, $"#/{name}", "count", $"{most} lignes au plus.");
        }

        When(declared.Conclusion.Length > DeclaredYear.MaxText, "#/conclusion", "length", $"{DeclaredYear.MaxText} caractères au plus.");
        foreach (var (i, member) in declared.Members.Index())
        {
            Line(member.Name, $"#/members/{i}/name");
            Line(member.Role, $"#/members/{i}/role");
        }

        foreach (var (i, target) in declared.Targets.Index())
        {
            Indicator(target.Indicator, $"#/targets/{i}/indicator");
            Line(target.Text, $"#/targets/{i}/text");
        }

        foreach (var (i, comment) in declared.Comments.Index())
        {
            When(comment.Commitment is < 1 or > 4, $"#/comments/{i}/commitment", "out_of_range", "Les engagements vont de 1 à 4.");
            Line(comment.Text, $"#/comments/{i}/text", DeclaredYear.MaxText);
        }

        When(declared.Targets.GroupBy(t => t.Indicator).Any(g => g.Count() > 1), "#/targets", "duplicate", "Un objectif par indicateur.");
        When(declared.Comments.GroupBy(c => c.Commitment).Any(g => g.Count() > 1), "#/comments", "duplicate", "Un commentaire par engagement.");
        foreach (var (i, partnership) in declared.Partnerships.Index())
        {
            When(!DeclaredYear.PartnerKinds.Contains(partnership.Kind), $"#/partnerships/{i}/kind", "unknown_kind", "Établissement ou association.",
                DeclaredYear.PartnerKinds);
            Line(partnership.Name, $"#/partnerships/{i}/name");
            InYear(partnership.SignedOn, $"#/partnerships/{i}/signedOn");
        }

        foreach (var (i, action) in declared.Actions.Index())
        {
            When(!DeclaredYear.ActionKinds.Contains(action.Kind), $"#/actions/{i}/kind", "unknown_kind", "Cette sorte d'action n'existe pas.",
                DeclaredYear.ActionKinds);
            Line(action.Title, $"#/actions/{i}/title");
            InYear(action.HeldOn, $"#/actions/{i}/heldOn");
            When(action.People is < 0 or > 100_000_000, $"#/actions/{i}/people", "out_of_range", "Entre 0 et 100 millions de personnes.");
        }

        foreach (var (i, figure) in declared.Published.Index())
        {
            Indicator(figure.Indicator, $"#/published/{i}/indicator");
            When(figure.Value is < -1000 or > 1_000_000_000, $"#/published/{i}/value", "out_of_range", "Entre -1000 et un milliard.");
            When(figure.Value.Scale > 3, $"#/published/{i}/value", "too_precise", "Trois décimales au plus.");
            var groups = MissionReport.GroupsOf(figure.Indicator);
            When(groups.Count == 0 ? figure.Group is not null : !groups.Contains(figure.Group), $"#/published/{i}/group", "unknown_group",
                groups.Count == 0 ? "Cet indicateur n'a pas de groupes : laissez « group » à null." : "Ce groupe n'existe pas.", [.. groups.Select(g => g!)]);
        }

        When(declared.Published.GroupBy(f => (f.Indicator, f.Group)).Any(g => g.Count() > 1), "#/published", "duplicate", "Un chiffre publié une seule fois.");
        return faults;
    }
}
