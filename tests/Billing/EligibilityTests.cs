using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Grpc.Core;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

public sealed class EligibilityTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    [Fact]
    public async Task A_member_is_recognised_and_covered_with_an_engagement()
    {
        var reply = await billing.Client.CheckAsync(BillingFixture.Person(), deadline: BillingFixture.Soon);
        reply.Recognised.ShouldBeTrue();
        reply.Covered.ShouldBeTrue();
        reply.ServiceIncluded.ShouldBeTrue();
        reply.CoveredFrom.ShouldBe("2022-01-01");
        reply.RemainingUses.ShouldBe(2);
        reply.EngagementNumber.ShouldMatch("^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$");
        reply.EngagementExpiresAt.ToDateTimeOffset().ShouldBeGreaterThan(reply.AskedAt.ToDateTimeOffset().AddDays(80));
        reply.InsurerId.ShouldBe(BillingFixture.InsurerId.ToString());
        reply.RosterVersion.ShouldBe(1);
        (await billing.Client.CheckAsync(BillingFixture.Person(), deadline: BillingFixture.Soon)).EngagementNumber
            .ShouldBe(reply.EngagementNumber, "the same question, the same day");
    }

    [Theory]
    [InlineData("a1", "1980-01-02")]
    [InlineData(" A.1 ", "02/01/1980")]
    [InlineData("00A-1", "02.01.1980")]
    [InlineData("á1", "19800102")]
    public async Task What_people_type_is_understood(string member, string birth) =>
        (await billing.Client.CheckAsync(BillingFixture.Person(member, birth, "099 000 101"), deadline: BillingFixture.Soon)).Covered.ShouldBeTrue();

    [Theory]
    [InlineData("180017512345660")]
    [InlineData("1 80 01 75 123 456 60")]
    [InlineData("1800175123456")]
    public async Task A_member_is_found_by_the_holders_NIR_and_the_birth_date(string nir)
    {
        var question = new CheckRequest { AmcNumber = BillingFixture.Amc, HolderNir = nir, BirthDate = "1982-03-04" };
        (await billing.Client.CheckAsync(question, deadline: BillingFixture.Soon)).Covered.ShouldBeTrue();
    }

    [Fact]
    public async Task A_Corsican_NIR_is_understood_in_every_spelling()
    {
        var nir = Nir.WithKey("180012A004123").Value;
        var insurer = Guid.CreateVersion7();
        await billing.AddInsurer(insurer, "99000188", "Mutuelle Fictive des Îles", "per_opinion", 295_00);
        await billing.Import(
            insurer, $"{BillingFixture.Header}C1;1980-01-02;1;A;{nir};CONFORT;2022-01-01;\nC2;1985-01-02;1;E;{nir.ToLowerInvariant()};CONFORT;2022-01-01;\n");
        foreach (var typed in new[] { nir, nir.ToLowerInvariant(), $"1 80 01 2a 004 123 {nir[13..]}", "1.80.01.2A.004.123", "180012a004123" })
        {
            foreach (var birth in new[] { "1980-01-02", "1985-01-02" })
            {
                var question = new CheckRequest { AmcNumber = "99000188", HolderNir = typed, BirthDate = birth };
                (await billing.Client.CheckAsync(question, deadline: BillingFixture.Soon)).Covered.ShouldBeTrue($"{typed}, {birth}");
            }
        }
    }

    [Theory]
    [InlineData("A9", "1980-01-02", null, "not_recognised")]
    [InlineData("A1", "1980-01-03", null, "not_recognised")]
    [InlineData("A2", "1970-05-06", null, "service_not_included")]
    [InlineData("A3", "1960-07-08", null, "period_over")]
    public async Task Whoever_is_not_covered_gets_a_code_a_sentence_and_nothing_else(string member, string birth, string? day, string code)
    {
        var question = BillingFixture.Person(member, birth);
        question.ServiceDate = day ?? "";
        var reply = await billing.Client.CheckAsync(question, deadline: BillingFixture.Soon);
        reply.RefusalCode.ShouldBe(code);
        reply.RefusalText.ShouldNotBeEmpty();
        reply.Covered.ShouldBeFalse();
        reply.CoveredFrom.ShouldBeEmpty();
        reply.CoveredTo.ShouldBeEmpty();
        reply.EngagementNumber.ShouldBeEmpty();
        reply.RemainingUses.ShouldBe(0);
    }

    [Fact]
    public async Task An_unknown_insurer_is_said_so() =>
        (await billing.Client.CheckAsync(BillingFixture.Person(amc: "12345678"), deadline: BillingFixture.Soon)).RefusalCode.ShouldBe("insurer_unknown");

    [Fact]
    public async Task An_unreadable_question_is_refused_field_by_field()
    {
        var refused = await Should.ThrowAsync<RpcException>(async () =>
            await billing.Client.CheckAsync(new CheckRequest { AmcNumber = "12", BirthDate = "yesterday" }, deadline: BillingFixture.Soon));
        refused.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        refused.Trailers.GetValue("error-code").ShouldBe("REQ-0002");
    }

    [Fact]
    public async Task Many_questions_are_answered_on_one_stream_and_a_bad_one_spoils_only_itself()
    {
        using var call = billing.Client.CheckMany(deadline: BillingFixture.Soon);
        var reading = Task.Run(async () =>
        {
            var replies = new Dictionary<string, CheckReply>();
            await foreach (var reply in call.ResponseStream.ReadAllAsync())
            {
                replies.Add(reply.Reference, reply);
            }

            return replies;
        });
        for (var i = 0; i < 3000; i++)
        {
            var question = (i % 3) switch { 0 => BillingFixture.Person(), 1 => BillingFixture.Person("A9"), _ => BillingFixture.Person(birth: "never") };
            question.Reference = $"{i}";
            await call.RequestStream.WriteAsync(question);
        }

        await call.RequestStream.CompleteAsync();
        var all = await reading;
        all.Count.ShouldBe(3000);
        all["0"].Covered.ShouldBeTrue();
        all["1"].RefusalCode.ShouldBe("not_recognised");
        all["2"].RefusalCode.ShouldBe("invalid_question");
    }

    [Fact]
    public async Task Over_HTTP_unknown_and_excluded_people_get_answers_of_the_same_shape()
    {
        var patient = billing.Service.Http(TestTokens.Patient(Guid.NewGuid()));
        async Task<JsonElement> Ask(string member, string birth)
        {
            var answer =
                await patient.PostAsJsonAsync(
                    "/api/v1/eligibility/check", new { amcNumber = BillingFixture.Amc, memberNumber = member, birthDate = birth, birthRank = 1 });
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
            return await answer.Content.ReadFromJsonAsync<JsonElement>();
        }

        var covered = await Ask("A1", "1980-01-02");
        covered.GetProperty("covered").GetBoolean().ShouldBeTrue();
        var unknown = await Ask("A9", "1980-01-02");
        var excluded = await Ask("A2", "1970-05-06");
        string[] derived = ["recognised", "serviceIncluded", "refusalCode", "refusalText", "askedAt"];
        unknown.EnumerateObject().Select(p => p.Name).ShouldBe(covered.EnumerateObject().Select(p => p.Name));
        foreach (var member in unknown.EnumerateObject().Where(p => !derived.Contains(p.Name)))
        {
            excluded.GetProperty(member.Name).ToString().ShouldBe(member.Value.ToString(), member.Name);
        }
    }

    [Fact]
    public async Task A_partner_asks_about_its_own_insurer_only_and_every_question_is_audited()
    {
        var partner = billing.Service.Http(TestTokens.Partner(BillingFixture.MonthlyId));
        (await partner.PostAsJsonAsync("/api/v1/eligibility/check",
            new { amcNumber = BillingFixture.MonthlyAmc, memberNumber = "M1", birthDate = "1980-01-02" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await partner.PostAsJsonAsync("/api/v1/eligibility/check",
            new { amcNumber = BillingFixture.Amc, memberNumber = "A1", birthDate = "1980-01-02" })).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await billing.Scalar<int>(
            "select count(*) from audit_record where action = 'check' and actor = @Actor", new { Actor = $"partner-{BillingFixture.MonthlyId}" })).ShouldBe(1);
    }

    [Fact]
    public async Task Other_roles_and_strangers_are_kept_out()
    {
        var body = new { amcNumber = BillingFixture.Amc, memberNumber = "A1", birthDate = "1980-01-02" };
        (await billing.Service.Http().PostAsJsonAsync("/api/v1/eligibility/check", body)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await billing.Service.Http(TestTokens.Of(Roles.Council)).PostAsJsonAsync("/api/v1/eligibility/check", body)).StatusCode
            .ShouldBe(HttpStatusCode.Forbidden);
        var patient = new Eligibility.EligibilityClient(billing.Service.Grpc(TestTokens.Patient(Guid.NewGuid())));
        (await Should.ThrowAsync<RpcException>(async () => await patient.CheckAsync(BillingFixture.Person(), deadline: BillingFixture.Soon))).StatusCode
            .ShouldBe(StatusCode.PermissionDenied);
    }

    [Fact]
    public async Task The_database_holds_no_identity()
    {
        await using var db = await billing.Service.Data.OpenConnectionAsync();
        var columns = await db.QueryAsync<string>(
            "select table_name || '.' || column_name || ' ' || data_type from information_schema.columns where table_schema = 'rosters'");
        columns.Select(c => c.Split('.')[1]).Distinct().Order(StringComparer.Ordinal).ShouldBe(
            ["contract smallint", "family bigint", "holder bigint", "key bigint", "relation \"char\"", "valid_from date", "valid_to date"]);
    }
}
