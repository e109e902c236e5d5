using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Insurers;

/// <summary>Registers an insurer, and changes what is known of it; every version stays readable.</summary>
internal static class SaveInsurer
{
    private static readonly string[] Kinds = ["mutuelle", "institution_de_prevoyance", "assureur"];

    /// <summary>A new insurer.</summary>
    /// <param name="AmcNumber">8 to 10 digits; it never changes.</param>
    /// <param name="Details">What may change later.</param>
    internal sealed record RegisterInsurerRequest([property: Form("amc", "99000001")] string AmcNumber, InsurerDetails Details);

    /// <summary>What is known of an insurer and may change.</summary>
    /// <param name="Name">As printed on its members' cards; French.</param>
    /// <param name="Kind"><c>mutuelle</c>, <c>institution_de_prevoyance</c> or <c>assureur</c>.</param>
    /// <param name="InvoicingAddress">Where invoices go.</param>
    internal sealed record InsurerDetails(
        [property: Length(1, MaxText)] string Name, [property: Codes(typeof(SaveInsurer), nameof(Kinds))] string Kind, InvoicingAddress InvoicingAddress);

    /// <summary>A postal address for invoices.</summary>
    /// <param name="Name">Company and department.</param>
    /// <param name="Street">Number and street, or post box.</param>
    /// <param name="PostCode">French post code, 5 digits.</param>
    /// <param name="City">City, in capitals or not.</param>
    internal sealed record InvoicingAddress(
        [property: Length(1, MaxText)] string Name, [property: Length(1, MaxText)] string Street, [property: RegularExpression("^[0-9]{5}$")] string PostCode,
        [property: Length(1, MaxText)] string City);

    private const int MaxText = 200;

    /// <summary>An insurer as it is registered.</summary>
    /// <param name="Id">The insurer; derived from its AMC number, so it never changes.</param>
    /// <param name="AmcNumber">10 digits; the lasting key.</param>
    /// <param name="Version">In force; earlier ones are kept.</param>
    /// <param name="Details">What is known of it now.</param>
    internal sealed record InsurerDescription(Guid Id, string AmcNumber, int Version, InsurerDetails Details);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/insurers", Register).AllowRoles(Roles.Ops)
            .Refuses(Problems.InsurerExists)
            .GivesEtag().WithName("RegisterInsurer").WithSummary("Registers an insurer").WithDescription("The AMC number is its lasting key.");
        api.MapPut("/insurers/{insurerId:guid}", Change).AllowRoles(Roles.Ops)
            .RequiresIfMatch()
            .WithName("ChangeInsurer").WithSummary("Changes an insurer's name, kind or invoicing address")
            .WithDescription("Needs If-Match with the version that was read; makes a new version.");
    }

    /// <summary>Also used by the sample data. Says whether the AMC number was free.</summary>
    public static async Task<bool> Insert(NpgsqlConnection db, Guid id, AmcNumber amc, InsurerDetails details, string by, DateTimeOffset now)
    {
        var inserted = await db.ExecuteAsync(
            "insert into insurer (id, amc_number, version) values (@id, @Amc, 1) on conflict do nothing", new { id, Amc = amc.Value });
        if (inserted == 1)
        {
            await InsertVersion(db, id, 1, details, by, now);
        }

        return inserted == 1;
    }

    private static async Task<Results<Once<Created<InsurerDescription>>, Problem>> Register(
        RegisterInsurerRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var faults = Faults(request.Details);
        if (!AmcNumber.TryParse(request.AmcNumber, out var amc, out var fault))
        {
            faults.Add(new("#/amcNumber", "invalid_amc_number", fault!));
        }
        else if (amc == OtherPayers.Fund || amc == OtherPayers.Patient)
        {
            faults.Add(new("#/amcNumber", "reserved", "Ce numéro AMC est réservé aux prises en charge sans organisme : aucun organisme ne le porte."));
        }

        return faults.Count > 0
            ? CommonProblems.Invalid([.. faults])
            : await Idempotent.Run<RegisterInsurerRequest, Created<InsurerDescription>>(dataSource, http, request, async db =>
            {
                var id = Guid.CreateVersion7();
                if (!await Insert(db, id, amc, request.Details, user.Subject(), time.GetUtcNow()))
                {
                    return Problems.AmcNumberTaken();
                }

                await InsurerDirectory.Changed(db);
                http.Response.Headers.ETag = Etags.Of(1);
                return TypedResults.Created($"/api/v1/insurers/{id}", new InsurerDescription(id, amc.Value, 1, request.Details));
            });
    }

    /// <param name="insurerId">The insurer.</param>
    private static async Task<Results<Ok<InsurerDescription>, Problem>> Change(
        Guid insurerId, InsurerDetails request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var faults = Faults(request);
        if (faults.Count > 0)
        {
            return CommonProblems.Invalid([.. faults]);
        }

        return await dataSource.InTransaction<Results<Ok<InsurerDescription>, Problem>>(async db =>
        {
            var current = await db.QuerySingleOrDefaultAsync<(string AmcNumber, int Version)?>(
                "select amc_number, version from insurer where id = @insurerId for update", new { insurerId });
            if (current is not { } insurer)
            {
                return CommonProblems.Absent();
            }

            if (Etags.Mismatch(http.Request, insurer.Version) is { } mismatch)
            {
                return mismatch;
            }

            var version = insurer.Version + 1;
            await db.ExecuteAsync("update insurer set version = @version where id = @insurerId", new { insurerId, version });
            await InsertVersion(db, insurerId, version, request, user.Subject(), time.GetUtcNow());
            await InsurerDirectory.Changed(db);
            http.Response.Headers.ETag = Etags.Of(version);
            return TypedResults.Ok(new InsurerDescription(insurerId, insurer.AmcNumber, version, request));
        });
    }

    private static Task InsertVersion(NpgsqlConnection db, Guid id, int version, InsurerDetails details, string by, DateTimeOffset now) => db.ExecuteAsync(
        """
        insert into insurer_version (insurer_id, version, name, kind, invoice_name, invoice_street, invoice_post_code, invoice_city, changed_by, changed_at)
        values (@id, @version, @Name, @Kind, @InvoiceName, @Street, @PostCode, @City, @by, @now)
        """,
        new
        {
            id,
            version,
            details.Name,
            details.Kind,
            InvoiceName = details.InvoicingAddress.Name,
            details.InvoicingAddress.Street,
            details.InvoicingAddress.PostCode,
            details.InvoicingAddress.City,
            by,
            now,
        });

    private static List<FieldError> Faults(InsurerDetails details)
    {
        var faults = new List<FieldError>();
        if (string.IsNullOrWhiteSpace(details.Name) || details.Name.Length > MaxText)
        {
            faults.Add(new("#/details/name", "missing", $"Indiquez le nom de l'organisme ({MaxText} caractères au plus)."));
        }

        if (!Kinds.Contains(details.Kind))
        {
            faults.Add(new(
                "#/details/kind", "unknown", "L'organisme est une mutuelle, une institution de prévoyance ou un assureur.", Kinds));
        }

        var address = details.InvoicingAddress;
        foreach (var (member, text) in new[] { ("name", address.Name), ("street", address.Street), ("city", address.City) })
        {
            if (string.IsNullOrWhiteSpace(text) || text.Length > MaxText)
            {
                faults.Add(new($"#/details/invoicingAddress/{member}", "invalid_length", $"L'adresse de facturation a 1 à {MaxText} caractères par ligne."));
            }
        }

        if (address.PostCode.Length != 5 || !address.PostCode.All(char.IsAsciiDigit))
        {
            faults.Add(new("#/details/invoicingAddress/postCode", "invalid_code", "Un code postal français comporte 5 chiffres, par exemple 99001."));
        }

        return faults;
    }
}
