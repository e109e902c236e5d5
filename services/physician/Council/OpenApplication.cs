using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Physician.Admission;
using SecondOpinion.Physician.Register;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Council;

/// <summary>A file is put before the scientific council: somebody who would be a référent, or one whose admission ends.</summary>
internal static partial class OpenApplication
{
    /// <summary>Somebody who would be a référent.</summary>
    /// <param name="Rpps">11 digits. The national directory is the proof; where the service cannot ask there, a key that fails is refused unless
    /// <paramref name="FoundInRegister"/>.</param>
    /// <param name="DisplayName">As patients read it on the opinion, e.g. <c>Dr Alix EXEMPLE-DURANCE</c>.</param>
    /// <param name="SpecialtyCode">R38 code, e.g. <c>SM20</c>.</param>
    /// <param name="PathologyCodes">Codes of the catalogue, at least one.</param>
    /// <param name="Establishments">FINESS numbers of every place of practice; they decide independence.</param>
    /// <param name="Capacity">Cases that may be open at one time, 0 to 1000.</param>
    /// <param name="ReferencePathologies">Of the pathologies, those in which the physician is a reference of the field.</param>
    /// <param name="OccasionalPathologies">Of the pathologies, those seen only now and then; what is in neither list is usual practice.</param>
    /// <param name="Languages">In which a file is read and an opinion explained; French when left out.</param>
    /// <param name="Patients"><c>adults</c>, <c>children</c> or <c>all</c>; all when left out.</param>
    /// <param name="Evidence">What shows the practice: patients a year, centre, publications. For the council only, 1 to 4000 characters.</param>
    /// <param name="Ties">What the physician declares beyond the places of practice; they decide independence too. None when left out.</param>
    /// <param name="FoundInRegister">The council looked the number up in the national directory (Annuaire santé) itself: believed when the service cannot ask
    /// there.</param>
    internal sealed record PhysicianApplicationRequest(
        [property: Form("rpps", "99900003036")] string Rpps,
        [property: Length(1, Practice.MaxName)] string DisplayName,
        [property: RegularExpression("^" + Practice.SpecialtyForm + "$")] string SpecialtyCode,
        [property: Length(1, Practice.MaxPathologies)] IReadOnlyList<string> PathologyCodes,
        [property: MaxLength(Practice.MaxEstablishments)] IReadOnlyList<string> Establishments,
        [property: Range(0, PhysicianRow.MaxCapacity)] int Capacity,
        [property: Length(1, MaxEvidence)] string Evidence,
        bool? FoundInRegister = null,
        DeclaredTies? Ties = null,
        [property: MaxLength(Practice.MaxPathologies)] IReadOnlyList<string>? ReferencePathologies = null,
        [property: MaxLength(Practice.MaxPathologies)] IReadOnlyList<string>? OccasionalPathologies = null,
        [property: MaxLength(Practice.MaxLanguages), Codes(typeof(SpokenLanguage), nameof(SpokenLanguage.Codes))] IReadOnlyList<string>? Languages = null,
        [property: Codes(typeof(Practice), nameof(Practice.Ages))] string? Patients = null)
    {
        internal Practice Practice() => new(
            DisplayName, SpecialtyCode, PathologyCodes, Establishments, ReferencePathologies, OccasionalPathologies, Languages, Patients);
    }

    /// <summary>Why a référent is looked at again.</summary>
    /// <param name="Evidence">What shows the practice today. For the council only, 1 to 4000 characters.</param>
    internal sealed record PhysicianReviewRequest([property: Length(1, MaxEvidence)] string Evidence);

    private const int MaxEvidence = 4000;

    /// <summary>A file that the council will decide on.</summary>
    /// <param name="ApplicationId">The file.</param>
    /// <param name="PhysicianId">Pseudonym that every other service will use.</param>
    /// <param name="OpenedAt">When.</param>
    /// <param name="RegisterCheckedAt">When the national directory confirmed number, name and specialty; null when the service did not ask there.</param>
    internal sealed record OpenedApplication(Guid ApplicationId, Guid PhysicianId, DateTimeOffset OpenedAt, DateTimeOffset? RegisterCheckedAt);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/physicians/applications", Handle)
            .AllowRoles(Roles.Council)
            .Refuses(Problems.AlreadyAdmitted, Problems.AlreadyBefore, Problems.RegisterAway)
            .WithName("OpenApplication")
            .WithSummary("Put somebody before the council who would be a référent")
            .WithDescription("Nobody is admitted by it: two members review the file, then the council votes (ReviewApplication, VoteOnApplication, "
                + "DecideApplication).");
        api.MapPost("/physicians/{physicianId:guid}/review", Again)
            .AllowRoles(Roles.Council)
            .Refuses(Problems.AlreadyBefore)
            .WithName("OpenReview")
            .WithSummary("Put a référent before the council again")
            .WithDescription("Every three years, or for a reason. Kept, the admission holds for three more years; refused, the référent is suspended.");
    }

    private static async Task<Results<Once<Created<OpenedApplication>>, Problem>> Handle(
        PhysicianApplicationRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time,
        [FromServices] IPhysicianRegister? register, ILoggerFactory loggers, CancellationToken cancel)
    {
        if (Check(request, byKey: register is null && request.FoundInRegister != true) is [_, ..] errors)
        {
            return CommonProblems.Invalid(errors);
        }

        DateTimeOffset? checkedAt = null;
        try
        {
            if (register is not null)
            {
                if (await register.Doubts(Rpps.Parse(request.Rpps), request.DisplayName, request.SpecialtyCode, cancel) is [_, ..] doubts)
                {
                    return CommonProblems.Invalid(doubts);
                }

                checkedAt = time.GetUtcNow();
            }
        }
        catch (RegisterAwayException away)
        {
            Log.RegisterAway(loggers.CreateLogger(typeof(OpenApplication)), away);
            if (request.FoundInRegister != true)
            {
                return Problems.RegisterIsAway();
            }
        }

        return await Idempotent.Run<PhysicianApplicationRequest, Created<OpenedApplication>>(dataSource, http, request, async db =>
        {
            var rpps = Rpps.Parse(request.Rpps);
            if (await PhysicianRow.Find(db, rpps.PhysicianId) is not null)
            {
                return Problems.InRoster();
            }

            var application = Application.Of(ApplicationKind.Admission, request, rpps.PhysicianId, rpps.Value, checkedAt, time.GetUtcNow());
            return await Open(db, user, application) ? Created(application) : Problems.OpenAlready();
        });
    }

    /// <param name="physicianId">The référent.</param>
    private static Task<Results<Once<Created<OpenedApplication>>, Problem>> Again(
        Guid physicianId, PhysicianReviewRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time) =>
        Idempotent.Run<PhysicianReviewRequest, Created<OpenedApplication>>(dataSource, http, request, async db =>
        {
            if (await PhysicianRow.Find(db, physicianId) is not { } r)
            {
                return CommonProblems.Absent();
            }

            if (request.Evidence.Trim().Length is 0 or > MaxEvidence)
            {
                return CommonProblems.Invalid(NoEvidence());
            }

            var file = new PhysicianApplicationRequest(
                r.Rpps, r.DisplayName, r.SpecialtyCode, r.PathologyCodes, r.Establishments, r.Capacity, request.Evidence, FoundInRegister: null, Ties: null,
                r.ReferencePathologies, r.OccasionalPathologies, r.Languages, r.Patients);
            var application = Application.Of(ApplicationKind.Review, file, physicianId, r.Rpps, r.RegisterCheckedAt, time.GetUtcNow());
            return await Open(db, user, application) ? Created(application) : Problems.OpenAlready();
        });

    private static async Task<bool> Open(NpgsqlConnection db, ClaimsPrincipal user, Application application)
    {
        if (!await application.Insert(db))
        {
            return false;
        }

        await AuditTrail.Record(db, user, "write", "application", application.ApplicationId, "scientific_council");
        return true;
    }

    private static Created<OpenedApplication> Created(Application a) => TypedResults.Created(
        $"/api/v1/physicians/applications/{a.ApplicationId}", new OpenedApplication(a.ApplicationId, a.PhysicianId, a.OpenedAt, a.RegisterCheckedAt));

    private static FieldError NoEvidence() => new("#/evidence", "invalid_length", $"Dites ce qui montre la pratique, en 1 à {MaxEvidence} caractères.");

    /// <param name="byKey">Nobody asks the register: then the number's key is all there is to judge it by.</param>
    private static FieldError[] Check(PhysicianApplicationRequest request, bool byKey)
    {
        var errors = new List<FieldError>();
        if (!Rpps.TryParse(request.Rpps, out var rpps, out var reason))
        {
            errors.Add(new("#/rpps", "invalid_rpps", reason!));
        }
        else if (byKey && !rpps.KeyHolds)
        {
            errors.Add(new("#/rpps", "invalid_rpps", $"{Rpps.KeyWarning} S'il figure ainsi dans l'Annuaire santé, indiquez foundInRegister."));
        }

        errors.AddRange(request.Practice().Faults("#"));
        errors.AddRange(request.Ties?.Faults("#/ties") ?? []);
        if (request.Capacity is < 0 or > PhysicianRow.MaxCapacity)
        {
            errors.Add(new("#/capacity", "out_of_range", $"Le nombre de dossiers ouverts à la fois va de 0 à {PhysicianRow.MaxCapacity}."));
        }

        if (request.Evidence.Trim().Length is 0 or > MaxEvidence)
        {
            errors.Add(NoEvidence());
        }

        return [.. errors];
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The register of physicians could not be asked: is its address, key or file right?")]
        public static partial void RegisterAway(ILogger logger, Exception why);
    }
}
