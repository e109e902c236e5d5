using System.ComponentModel.DataAnnotations;
using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Fees;

/// <summary>Says to which account a physician's fees go; every version is kept, since transfers name theirs.</summary>
internal static class SavePayee
{
    private const int LongestName = 70;

    /// <summary>A physician as a payee.</summary>
    /// <param name="Holder">The account's holder as the bank has the name: banks compare it.</param>
    /// <param name="Iban">Where the money goes; spaces do not matter.</param>
    /// <param name="Bic">8 or 11 characters; empty when not known.</param>
    /// <param name="Siret">Of the practice, for the yearly tax list; empty when not known.</param>
    /// <param name="Street">Of the practice.</param>
    /// <param name="PostCode">Of the practice.</param>
    /// <param name="City">Of the practice.</param>
    internal sealed record PayeeRequest(
        [property: Length(1, LongestName)] string Holder, [property: Length(14, 42)] string Iban, [property: MaxLength(11)] string Bic,
        [property: MaxLength(17)] string Siret, [property: MaxLength(LongestName)] string Street, [property: MaxLength(16)] string PostCode,
        [property: MaxLength(LongestName)] string City);

    /// <summary>A payee as it is kept.</summary>
    /// <param name="PhysicianId">The physician's pseudonym.</param>
    /// <param name="Version">In force.</param>
    /// <param name="Holder">The account's holder.</param>
    /// <param name="Iban">Its first four and last three characters.</param>
    internal sealed record PayeeDescription(Guid PhysicianId, int Version, string Holder, string Iban);

    public static void Map(RouteGroupBuilder api) => api.MapPut("/fees/payees/{physicianId:guid}", Handle)
        .AllowRoles(Roles.Ops)
        .RequiresIfMatch()
        .WithName("SavePayee")
        .WithSummary("The account to which a physician's fees go")
        .WithDescription("The first time with `If-Match: \"v0\"`. After the bank rejected an account, saving it anew lets it be tried again.");

    /// <param name="physicianId">The physician's pseudonym, as in events.</param>
    private static async Task<Results<Ok<PayeeDescription>, Problem>> Handle(
        Guid physicianId, PayeeRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, TimeProvider time)
    {
        var faults = new List<FieldError>();
        if (SepaText.Of(request.Holder, LongestName).Length == 0 || request.Holder.Length > LongestName)
        {
            faults.Add(new("#/holder", "missing", $"Indiquez le titulaire du compte ({LongestName} caractères au plus)."));
        }

        if (!Iban.TryParse(request.Iban, out var iban, out var wrongIban))
        {
            faults.Add(new("#/iban", "invalid_iban", wrongIban!));
        }

        if (request.Bic.Length is not (0 or 8 or 11) || !request.Bic.All(c => char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c)))
        {
            faults.Add(new("#/bic", "invalid_bic", "Un BIC compte 8 ou 11 lettres majuscules et chiffres ; laissez-le vide s'il n'est pas connu."));
        }

        if (request.Siret.Length > 0 && !Siret.TryParse(request.Siret, out _, out var wrongSiret))
        {
            faults.Add(new("#/siret", "invalid_siret", wrongSiret!));
        }

        return faults.Count > 0
            ? CommonProblems.Invalid([.. faults])
            : await dataSource.InTransaction<Results<Ok<PayeeDescription>, Problem>>(async db =>
            {
                await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('payee:' || @physicianId::text, 0))", new { physicianId });
                var version = await db.ExecuteScalarAsync<int>(
                    "select coalesce(max(version), 0) from payee_version where physician_id = @physicianId", new { physicianId });
                if (Etags.Mismatch(http.Request, version) is { } mismatch)
                {
                    return mismatch;
                }

                version++;
                await db.ExecuteAsync(
                    """
                    insert into payee_version (physician_id, version, holder, iban, bic, siret, street, post_code, city, changed_by, changed_at)
                    values (@physicianId, @version, @Holder, @Iban, @Bic, @Siret, @Street, @PostCode, @City, @By, @Now)
                    """,
                    new
                    {
                        physicianId,
                        version,
                        request.Holder,
                        Iban = iban.Value,
                        request.Bic,
                        Siret = Siret.TryParse(request.Siret, out var siret, out _) ? siret.Value : "",
                        request.Street,
                        request.PostCode,
                        request.City,
                        By = user.Subject(),
                        Now = time.GetUtcNow(),
                    });
                http.Response.Headers.ETag = Etags.Of(version);
                return TypedResults.Ok(new PayeeDescription(physicianId, version, request.Holder, iban.ToString()));
            });
    }
}
