using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Tests.Physician;

/// <summary>What a physician delivered and earned: counted here, paid by billing.</summary>
public sealed class StatementTests(PhysicianService physician) : IClassFixture<PhysicianService>
{
    private const string Path = "/api/v1/worklist/statement";

    [Fact]
    public async Task Months_say_what_was_delivered_earned_and_paid_in_Paris_time()
    {
        // Paris is an hour ahead: the first of these is a new year's opinion there.
        await Delivered(physician.Alix, "2023-12-31T23:30:00Z", "2024-05-02T08:00:00Z", "2024-05-31T21:59:00Z", "2024-12-31T23:30:00Z");
        physician.Intake.Statements[(physician.Alix.PhysicianId, 2024)] = new StatementReply
        {
            Months =
            {
                new StatementMonth { Month = 1, Opinions = 1, EarnedCents = 120_00, PaidCents = 120_00 },
                new StatementMonth { Month = 5, Opinions = 2, EarnedCents = 240_00, OrderedCents = 120_00 },
                new StatementMonth { Month = 7, Opinions = 1, EarnedCents = 120_00 },
            },
        };

        var year = await physician.As(physician.Alix).GetFromJsonAsync<JsonElement>($"{Path}?year=2024");
        (year.GetProperty("delivered").GetInt32(), year.GetProperty("earned").GetProperty("amount").GetString()).ShouldBe((3, "480.00"));
        year.GetProperty("months").EnumerateArray().Select(m => $"{m.GetProperty("month")}: {m.GetProperty("delivered")} delivered, "
                + $"{Euros(m, "earned")} = {Euros(m, "due")} + {Euros(m, "ordered")} + {Euros(m, "paid")}")
            .ShouldBe([
                "1: 1 delivered, 120.00 = 0.00 + 0.00 + 120.00", "5: 2 delivered, 240.00 = 120.00 + 120.00 + 0.00",
                "7: 0 delivered, 120.00 = 120.00 + 0.00 + 0.00",
            ]);
        var other = await physician.As(physician.Noé).GetFromJsonAsync<JsonElement>($"{Path}?year=2024");
        other.GetProperty("months").GetArrayLength().ShouldBe(0, "one's own alone");
    }

    [Fact]
    public async Task While_billing_is_away_the_statement_is_and_nothing_else()
    {
        physician.Intake.Fails = StatusCode.Unavailable;
        try
        {
            (await physician.As(physician.Alix).GetAsync(Path)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            (await physician.As(physician.Alix).GetAsync("/api/v1/worklist")).StatusCode.ShouldBe(HttpStatusCode.OK);
        }
        finally
        {
            physician.Intake.Fails = null;
        }
    }

    [Theory]
    [InlineData("1999")]
    [InlineData("9999")]
    [InlineData("soon")]
    public async Task A_year_that_is_none_is_refused(string year) =>
        (await physician.As(physician.Alix).GetAsync($"{Path}?year={year}")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

    [Fact]
    public async Task Nobody_else_has_one()
    {
        foreach (var role in Roles.All.Where(r => r is not (Roles.Physician or Roles.Service)))
        {
            (await physician.As(role).GetAsync(Path)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
        }
    }

    private static string? Euros(JsonElement month, string name) => month.GetProperty(name).GetProperty("amount").GetString();

    private async Task Delivered(Rpps rpps, params string[] at)
    {
        foreach (var moment in at)
        {
            await physician.Scalar<object>(
                """
                insert into worklist_item (offer_id, case_id, physician_id, state, delivered_at)
                values (gen_random_uuid(), gen_random_uuid(), @PhysicianId, 'delivered', @At)
                """,
                new { rpps.PhysicianId, At = DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture) });
        }
    }
}
