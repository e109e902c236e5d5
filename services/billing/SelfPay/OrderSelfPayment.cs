using System.Security.Claims;
using Dapper;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.SelfPay;

/// <summary>
/// A patient pays for the opinion by bank transfer: how much, to which account, under which reference. Paid, the case names it like an insurer. What is given
/// up before a case uses it is paid back.
/// </summary>
internal static class OrderSelfPayment
{
    private const string Columns = "id, reference, cents, paid_cents, state, ordered_at";

    /// <summary>Who pays.</summary>
    /// <param name="PatientId">The patient's account; required from agents and ops, absent otherwise.</param>
    internal sealed record SelfPaymentRequest(Guid? PatientId = null);

    /// <summary>A payment by the patient.</summary>
    /// <param name="Id">The payment.</param>
    /// <param name="State"><c>awaited</c>, <c>paid</c>, <c>reserved</c> (by a case), <c>consumed</c> (the opinion is delivered), <c>cancelled</c>,
    /// <c>refund_due</c>, <c>refund_ordered</c> or <c>refunded</c>.</param>
    /// <param name="Amount">What an opinion costs.</param>
    /// <param name="Paid">What the bank has shown of it.</param>
    /// <param name="Holder">To whom the transfer goes.</param>
    /// <param name="Iban">To which account.</param>
    /// <param name="Bic">Of which bank.</param>
    /// <param name="Reference">What the transfer must name (ISO 11649).</param>
    /// <param name="AmcNumber">What the case names as insurer once it is paid.</param>
    /// <param name="MemberNumber">What it names as member number, of use with the patient's own account only.</param>
    /// <param name="OrderedAt">When.</param>
    internal sealed record SelfPayment(
        Guid Id, string State, Money Amount, Money Paid, string Holder, string Iban, string Bic, string Reference, string AmcNumber, string MemberNumber,
        DateTimeOffset OrderedAt);

    /// <summary>Nothing more needs to be said: the payment is in the address.</summary>
    internal sealed record SelfPaymentCancellation;

    public static void Map(RouteGroupBuilder api)
    {
        api.MapPost("/self-payments", Order).AllowRoles(Roles.Patient, Roles.Agent, Roles.Ops)
            .Refuses(Problems.TooManyAwaited)
            .WithName("OrderSelfPayment").WithSummary("Pays for an opinion without an insurer")
            .WithDescription(
                "Answers where the transfer goes and what it must name. When it has come, the patient opens a case with `amcNumber` and `memberNumber` of the "
                + "answer as its coverage.");
        api.MapGet("/self-payments/{paymentId:guid}", Read).AllowRoles(Roles.Patient, Roles.Agent, Roles.Ops)
            .WithName("ReadSelfPayment").WithSummary("Whether a patient's transfer has come")
            .WithDescription("`paid` once it is whole. A patient reads their own.");
        api.MapPost("/self-payments/{paymentId:guid}/cancellation", Cancel).AllowRoles(Roles.Patient, Roles.Agent, Roles.Ops)
            .Refuses(Problems.SelfPaymentUsed)
            .WithName("CancelSelfPayment").WithSummary("Gives up a payment that no case uses")
            .WithDescription("What was paid of it is paid back whole. A payment that a case uses comes back when the case is withdrawn before its opinion.");
    }

    private static async Task<Results<Once<Created<SelfPayment>>, Problem>> Order(
        SelfPaymentRequest request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, AccountMarks marks, SelfPayOptions options,
        InvoicingOptions seller, TimeProvider time)
    {
        if (Payer(request, user) is not { } account)
        {
            return CommonProblems.Invalid(user.Role() == Roles.Patient
                ? new FieldError("#/patientId", "not_for_this_role", "Vous payez depuis votre propre compte.")
                : new FieldError("#/patientId", "missing", "Indiquez le compte de la personne malade."));
        }

        return await Idempotent.Run<SelfPaymentRequest, Created<SelfPayment>>(dataSource, http, request, async db =>
        {
            await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('self-payment:' || @account::text, 0))", new { account });
            var awaited = await db.ExecuteScalarAsync<long>(
                "select count(*) from self_payment where account = any(@Marks) and state = 'awaited'", new { Marks = marks.Of(AccountMarks.SelfPay, account) });
            if (awaited >= options.AwaitedAtOnce)
            {
                return Problems.AwaitedAlready();
            }

            var row = await db.QuerySingleAsync<Row>(
                $"""
                insert into self_payment (id, reference, account, cents, state, ordered_at)
                values (@Id, @Reference, @Mark, @PriceCents, 'awaited', @Now)
                returning {Columns}
                """,
                new
                {
                    Id = Guid.CreateVersion7(),
                    Reference = CreditorReference.Of(AccountMarks.NewCode("PD")),
                    Mark = marks.Current(AccountMarks.SelfPay, account),
                    options.PriceCents,
                    Now = time.GetUtcNow(),
                });
            await AuditTrail.Record(db, user, "order", "self_payment", row.Id, "payment");
            return TypedResults.Created($"/api/v1/self-payments/{row.Id}", Of(row, seller.Seller));
        });
    }

    /// <param name="paymentId">The payment.</param>
    private static async Task<Results<Ok<SelfPayment>, Problem>> Read(
        Guid paymentId, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, AccountMarks marks, InvoicingOptions seller)
    {
        await using var db = await dataSource.OpenConnectionAsync(http.RequestAborted);
        if (await db.QuerySingleOrDefaultAsync<Row>(
            $"select {Columns} from self_payment where id = @paymentId and (@Anybody or account = any(@Marks))", Own(paymentId, user, marks)) is not { } row)
        {
            return CommonProblems.Absent();
        }

        await AuditTrail.Record(db, user, "read", "self_payment", paymentId, "payment");
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(Of(row, seller.Seller));
    }

    /// <param name="paymentId">The payment.</param>
    private static Task<Results<Once<Ok<SelfPayment>>, Problem>> Cancel(
        Guid paymentId, SelfPaymentCancellation request, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, AccountMarks marks,
        InvoicingOptions seller, TimeProvider time) =>
        Idempotent.Run<SelfPaymentCancellation, Ok<SelfPayment>>(dataSource, http, request, async db =>
        {
            var own = Own(paymentId, user, marks);
            if (!await db.ExecuteScalarAsync<bool>(
                "select exists (select from self_payment where id = @paymentId and (@Anybody or account = any(@Marks)))", own))
            {
                return CommonProblems.Absent();
            }

            var row = await db.QuerySingleOrDefaultAsync<Row>(
                $"""
                update self_payment set state = case when paid_cents > 0 then 'refund_due' else 'cancelled' end, ended_at = @Now
                where id = @paymentId and state in ('awaited', 'paid')
                returning {Columns}
                """, new { paymentId, Now = time.GetUtcNow() });
            if (row is null)
            {
                return Problems.PaymentUsed();
            }

            await AuditTrail.Record(db, user, "cancel", "self_payment", paymentId, "payment");
            return TypedResults.Ok(Of(row, seller.Seller));
        });

    private static OwnPayment Own(Guid paymentId, ClaimsPrincipal user, AccountMarks marks) => user.Role() == Roles.Patient
        ? new OwnPayment(paymentId, false, marks.Of(AccountMarks.SelfPay, user.PatientId()))
        : new OwnPayment(paymentId, true, []);

    private static Guid? Payer(SelfPaymentRequest request, ClaimsPrincipal user) => (user.Role(), request.PatientId) switch
    {
        (Roles.Patient, null) => user.PatientId(),
        (Roles.Patient, { } named) => named == user.PatientId() ? named : null,
        (_, { } named) when named != Guid.Empty => named,
        _ => null,
    };

    private static SelfPayment Of(Row row, SellerOptions seller) => new(
        row.Id, row.State.Text, Money.FromCents(row.Cents), Money.FromCents(row.PaidCents), seller.Name, seller.Iban, seller.Bic, row.Reference,
        OtherPayers.Patient.Value, row.Reference, row.OrderedAt);

    private sealed record OwnPayment(Guid PaymentId, bool Anybody, byte[][] Marks);

    private sealed record Row(Guid Id, string Reference, long Cents, long PaidCents, Word<SelfPaymentState> State, DateTimeOffset OrderedAt);
}
