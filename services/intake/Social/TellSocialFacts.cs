using System.Security.Claims;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Geography;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Social;

/// <summary>What the patient chooses to tell for the equity indicators. Only codes are kept, and only codes leave, once the file is
/// complete.</summary>
internal static class TellSocialFacts
{
    /// <summary>What the patient tells of themselves, all optional.</summary>
    /// <param name="CommuneCode">INSEE code of the commune of residence; only its département is kept.</param>
    /// <param name="PcsGroup">Occupation: group <c>1</c> to <c>8</c> of INSEE's PCS, or <c>prefer_not_to_say</c>.</param>
    /// <param name="Disability"><c>yes</c>, <c>no</c> or <c>prefer_not_to_say</c>.</param>
    /// <param name="HeardFrom">How the patient heard of the service: a code of the social questions.</param>
    internal sealed record SocialFactsRequest(
        [property: Form("insee-commune", "69123")] string? CommuneCode = null,
        [property: Codes(typeof(SocialCodes), nameof(SocialCodes.PcsCodes))] string? PcsGroup = null,
        [property: HealthData, Codes(typeof(SocialCodes), nameof(SocialCodes.DisabilityCodes))] string? Disability = null,
        [property: Codes(typeof(SocialCodes), nameof(SocialCodes.HeardFromCodes))] string? HeardFrom = null);

    /// <summary>What was told; codes only.</summary>
    /// <param name="CaseId">The case.</param>
    /// <param name="DepartmentCode">Département of residence; null when no commune was told.</param>
    /// <param name="PcsGroup">Group of INSEE's PCS; null when not told.</param>
    /// <param name="MissionCategory">The same occupation in the grid of the mission report.</param>
    /// <param name="MappingVersion">Version of the table from PCS to the mission's grid.</param>
    /// <param name="Disability">Null when not told.</param>
    /// <param name="HeardFrom">Null when not told.</param>
    internal sealed record CaseSocialFacts(
        Guid CaseId, string? DepartmentCode, string? PcsGroup, string? MissionCategory, int MappingVersion,
        [property: HealthData] string? Disability, string? HeardFrom);

    /// <summary>The optional social questions.</summary>
    /// <param name="Items">In the order in which they are asked.</param>
    /// <param name="CommuneWhy">Why the commune is asked, in French.</param>
    internal sealed record SocialQuestions(IReadOnlyList<SocialCodes.Item> Items, string CommuneWhy);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/orientation/social-questions", Questions)
            .AllowAnonymous()
            .WithName("ListSocialQuestions")
            .WithSummary("The optional social questions")
            .WithDescription("Each with why it is asked. Nobody has to answer.");
        api.MapGet("/cases/{id:guid}/social-facts", Read)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .GivesEtag()
            .WithName("ReadSocialFacts")
            .WithSummary("Read the social facts of a case")
            .WithDescription("All null while nothing was told. Its ETag goes into If-Match of the next save.");
        api.MapPut("/cases/{id:guid}/social-facts", Handle)
            .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
            .Refuses(Problems.WrongState)
            .RequiresIfMatch()
            .WithName("TellSocialFacts")
            .WithSummary("Tell the social facts of a case")
            .WithDescription(
                "All optional; what is left out is no longer told. Needs If-Match with the ETag of what was read or saved last, `\"v0\"` the first time.");
    }

    private static Ok<SocialQuestions> Questions() => TypedResults.Ok(new SocialQuestions(
        SocialCodes.All,
        "Votre commune nous dit seulement votre département : nous vérifions que le service atteint les endroits où les médecins manquent."));

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseSocialFacts>, Problem>> Read(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseSocialFacts>, Problem>>(async db =>
        {
            if (await CaseRows.Own(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            await AuditTrail.Record(db, user, "read", "social_facts", id, Purpose.Of(user));
            var told = await Told(db, id);
            http.Response.Headers.ETag = Etags.Of(told?.Version ?? 0);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new CaseSocialFacts(
                id, file.DepartmentCode, told?.PcsGroup, told?.MissionCategory, told?.MappingVersion ?? SocialCodes.MappingVersion, told?.Disability,
                told?.HeardFrom));
        }, cancel);

    /// <param name="id">The case.</param>
    private static Task<Results<Ok<CaseSocialFacts>, Problem>> Handle(
        Guid id, SocialFactsRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Communes communes, TimeProvider time,
        CancellationToken cancel) =>
        dataSource.InTransaction<Results<Ok<CaseSocialFacts>, Problem>>(async db =>
        {
            if (await CaseRows.OwnLocked(db, user, id) is not { } file)
            {
                return CommonProblems.Absent();
            }

            if (!CaseLife.IsBeingWritten(file.State.Value))
            {
                return Problems.CaseIs(file.State.Value);
            }

            var version = (await Told(db, id))?.Version ?? 0;
            if (Etags.Mismatch(http.Request, version) is { } mismatch)
            {
                return mismatch;
            }

            var errors = Faults(request, communes).ToArray();
            if (errors.Length > 0)
            {
                return CommonProblems.Invalid(errors);
            }

            var department = request.CommuneCode is { } commune ? communes.DepartmentOf(commune) : file.DepartmentCode;
            await AuditTrail.Record(db, user, "write", "social_facts", id, Purpose.Of(user));
            await db.ExecuteAsync(
                """
                insert into social_facts (case_id, pcs_group, mission_category, mapping_version, disability, heard_from, told_at)
                values (@id, @PcsGroup, @Mission, @MappingVersion, @Disability, @HeardFrom, @now)
                on conflict (case_id) do update set
                  pcs_group = excluded.pcs_group,
                  mission_category = excluded.mission_category,
                  mapping_version = excluded.mapping_version,
                  disability = excluded.disability,
                  heard_from = excluded.heard_from,
                  version = social_facts.version + 1,
                  told_at = excluded.told_at;
                update case_file set department_code = @department, version = version + 1 where id = @id
                """,
                new
                {
                    id,
                    request.PcsGroup,
                    Mission = SocialCodes.Mission(request.PcsGroup),
                    SocialCodes.MappingVersion,
                    request.Disability,
                    request.HeardFrom,
                    department,
                    now = time.GetUtcNow(),
                });
            http.Response.Headers.ETag = Etags.Of(version + 1);
            http.Response.Headers.CacheControl = "no-store";
            return TypedResults.Ok(new CaseSocialFacts(
                id, department, request.PcsGroup, SocialCodes.Mission(request.PcsGroup), SocialCodes.MappingVersion, request.Disability, request.HeardFrom));
        }, cancel);

    /// <summary>
    /// Once the file is complete its codes go to reporting. Whether the treating physician knows was asked in the general questionnaire, and is not asked
    /// twice.
    /// </summary>
    internal static async Task Publish(NpgsqlConnection db, CaseKey key, CaseRow file, DateTimeOffset now)
    {
        var answers = ReadAnswers.Open(key, file);
        var told = await Told(db, file.Id);
        await Outbox.Publish(db, file.Id, new SocialFactsTold
        {
            CaseId = file.Id,
            DepartmentCode = file.DepartmentCode,
            PcsGroup = told?.PcsGroup,
            MissionCategory = told?.MissionCategory,
            MappingVersion = told?.MappingVersion ?? SocialCodes.MappingVersion,
            Disability = told?.Disability,
            HeardFrom = told?.HeardFrom,
            TreatingPhysicianAware = answers.TryGetValue("treating_physician_informed", out var aware) && aware.ValueKind == JsonValueKind.String
                ? aware.GetString()
                : null,
            Reason = answers.TryGetValue("request_reason", out var reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString() : null,
            Timing = answers.TryGetValue("request_timing", out var timing) && timing.ValueKind == JsonValueKind.String ? timing.GetString() : null,
            ToldAt = now,
        });
    }

    private static IEnumerable<FieldError> Faults(SocialFactsRequest request, Communes communes)
    {
        if (request.CommuneCode is { } commune && communes.DepartmentOf(commune) is null)
        {
            yield return new FieldError("#/communeCode", "unknown_commune", "Ce code de commune n'existe pas dans le code officiel géographique.");
        }

        foreach (var (item, code) in new[]
        {
            (SocialCodes.Pcs, request.PcsGroup),
            (SocialCodes.Disability, request.Disability),
            (SocialCodes.HeardFrom, request.HeardFrom),
        })
        {
            if (!item.Has(code))
            {
                yield return new FieldError($"#/{item.Id}", "unknown_code", "Choisissez une des réponses proposées.", [.. item.Options.Select(o => o.Code)]);
            }
        }
    }

    private static Task<Row?> Told(NpgsqlConnection db, Guid caseId) => db.QuerySingleOrDefaultAsync<Row?>(
        "select pcs_group, mission_category, mapping_version, disability, heard_from, version from social_facts where case_id = @caseId", new { caseId });

    private sealed record Row(string? PcsGroup, string? MissionCategory, int MappingVersion, string? Disability, string? HeardFrom, long Version);
}
