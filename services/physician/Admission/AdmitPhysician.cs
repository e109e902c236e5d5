using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Physician.Register;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Physician.Admission;

/// <summary>The scientific council admits a référent, who can be offered cases from then on.</summary>
internal static partial class AdmitPhysician
{
    /// <summary>A référent to be admitted.</summary>
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
    /// <param name="Ties">What the référent declares beyond the places of practice; they decide independence too. None when left out.</param>
    /// <param name="FoundInRegister">The council looked the number up in the national directory (Annuaire santé) itself: believed when the service cannot ask
    /// there.</param>
    internal sealed record AdmitPhysicianRequest(
        [property: Form("rpps", "99900003036")] string Rpps,
        [property: Length(1, Practice.MaxName)] string DisplayName,
        [property: RegularExpression("^" + Practice.SpecialtyForm + "$")] string SpecialtyCode,
        [property: Length(1, Practice.MaxPathologies)] IReadOnlyList<string> PathologyCodes,
        [property: MaxLength(Practice.MaxEstablishments)] IReadOnlyList<string> Establishments,
        [property: Range(0, MaxCapacity)] int Capacity,
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

    /// <summary>Cases that a physician may have open at one time, at most.</summary>
    internal const int MaxCapacity = 1000;

    /// <summary>A référent who was admitted.</summary>
    /// <param name="PhysicianId">Pseudonym that every other service uses.</param>
    /// <param name="Rpps">11 digits.</param>
    /// <param name="AdmittedAt">When.</param>
    /// <param name="RegisterCheckedAt">When the national directory confirmed number, name and specialty; null when the service did not ask there.</param>
    internal sealed record AdmittedPhysician(Guid PhysicianId, string Rpps, DateTimeOffset AdmittedAt, DateTimeOffset? RegisterCheckedAt);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/physicians", Handle)
        .AllowRoles(Roles.Council)
        .Refuses(Problems.AlreadyAdmitted, Problems.RegisterAway)
        .WithName("AdmitPhysician")
        .WithSummary("Admit a référent")
        .WithDescription("Matching learns of it at once, and offers the cases that were waiting for such an expert.");

    private static async Task<Results<Once<Created<AdmittedPhysician>>, Problem>> Handle(
        AdmitPhysicianRequest request, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time, [FromServices] IPhysicianRegister? register,
        ILoggerFactory loggers, CancellationToken cancel)
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
            Log.RegisterAway(loggers.CreateLogger(typeof(AdmitPhysician)), away);
            if (request.FoundInRegister != true)
            {
                return Problems.RegisterIsAway();
            }
        }

        return await Idempotent.Run<AdmitPhysicianRequest, Created<AdmittedPhysician>>(dataSource, http, request, async db =>
        {
            var rpps = Rpps.Parse(request.Rpps);
            var now = time.GetUtcNow();
            var referent = request.Practice().Of(new PhysicianRow
            {
                PhysicianId = rpps.PhysicianId,
                Rpps = rpps.Value,
                DisplayName = "",
                SpecialtyCode = "",
                PathologyCodes = [],
                Establishments = [],
                TiedPhysicians = request.Ties?.PhysicianIds() ?? [],
                TiedEstablishments = request.Ties?.FinessNumbers() ?? [],
                Capacity = request.Capacity,
                AdmittedAt = now,
                RegisterCheckedAt = checkedAt,
            });
            return await PhysicianRow.Admit(db, referent)
                ? TypedResults.Created("/api/v1/physicians", new AdmittedPhysician(rpps.PhysicianId, rpps.Value, now, checkedAt))
                : Problems.InRoster();
        });
    }

    /// <param name="byKey">Nobody asks the register: then the number's key is all there is to judge it by.</param>
    private static FieldError[] Check(AdmitPhysicianRequest request, bool byKey)
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
        if (request.Capacity is < 0 or > MaxCapacity)
        {
            errors.Add(new("#/capacity", "out_of_range", $"Le nombre de dossiers ouverts à la fois va de 0 à {MaxCapacity}."));
        }

        return [.. errors];
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The register of physicians could not be asked: is its address, key or file right?")]
        public static partial void RegisterAway(ILogger logger, Exception why);
    }
}
