using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>Insurers and contracts as ops keeps them: every change is a version, and none is lost.</summary>
public sealed class InsurerTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    [Fact]
    public async Task An_insurer_is_registered_once_and_changed_under_the_version_that_was_read()
    {
        var key = Guid.NewGuid().ToString();
        var first = await Register("99000501", "Mutuelle Fictive A", key);
        first.StatusCode.ShouldBe(HttpStatusCode.Created);
        var text = await first.Content.ReadAsStringAsync();
        (await (await Register("99000501", "Mutuelle Fictive A", key)).Content.ReadAsStringAsync()).ShouldBe(text, "the same key, the same answer");
        (await Register("99000501", "Mutuelle Fictive B", Guid.NewGuid().ToString())).StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var id = JsonSerializer.Deserialize<JsonElement>(text).GetProperty("id").GetGuid();
        (await Put($"/api/v1/insurers/{id}", Details("Mutuelle Fictive C"), "\"v1\"")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Put($"/api/v1/insurers/{id}", Details("Mutuelle Fictive D"), "\"v1\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await Put($"/api/v1/insurers/{id}", Details("Mutuelle Fictive D"), null)).StatusCode.ShouldBe(HttpStatusCode.PreconditionRequired);
        (await billing.Ops.GetStringAsync($"/api/v1/insurers/{id}")).ShouldContain("Mutuelle Fictive C");
        (await billing.Scalar<int>("select count(*) from insurer_version where insurer_id = @id", new { id })).ShouldBe(2);
        var partner = billing.Service.Http(TestTokens.Partner(id));
        (await partner.GetStringAsync($"/api/v1/insurers/{id}")).ShouldContain("Mutuelle Fictive C", customMessage: "its own");
        (await partner.GetAsync($"/api/v1/insurers/{id}/rosters")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var stranger = billing.Service.Http(TestTokens.Partner(Guid.CreateVersion7()));
        (await stranger.GetAsync($"/api/v1/insurers/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound, "another's answers like one that is not there");
        (await stranger.GetAsync($"/api/v1/insurers/{id}/rosters")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await billing.Service.Http(TestTokens.Of(Roles.Agent)).GetAsync("/api/v1/insurers")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_new_version_of_a_contract_governs_the_days_of_service_from_its_own_on()
    {
        var answer = await Register("99000502", "Mutuelle Fictive E", Guid.NewGuid().ToString());
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        var today = DateOnly.FromDateTime(DateTime.UtcNow);
        (await Put($"/api/v1/insurers/{id}/contracts/CONFORT", Terms(new DateOnly(2021, 1, 1), included: true), "\"v0\"")).StatusCode
            .ShouldBe(HttpStatusCode.Created);
        await billing.Import(id, BillingFixture.Header + "V1;1980-01-02;1;A;;CONFORT;2022-01-01;\n");
        (await Put($"/api/v1/insurers/{id}/contracts/confort", Terms(today.AddDays(10), included: false), "\"v1\"")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Put($"/api/v1/insurers/{id}/contracts/CONFORT", Terms(today, included: false), "\"v1\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);

        await Eventually.True(async () => (await On(today.AddDays(10))).RefusalCode == "service_not_included", "the new terms are known");
        (await On(today.AddDays(9))).Covered.ShouldBeTrue("until then the former terms hold");
        (await On(today)).Covered.ShouldBeTrue();

        async Task<CheckReply> On(DateOnly day)
        {
            var question = BillingFixture.Person("V1", amc: "99000502");
            question.ServiceDate = day.ToString("O", CultureInfo.InvariantCulture);
            return await billing.Client.CheckAsync(question, deadline: BillingFixture.Soon);
        }
    }

    [Fact]
    public async Task Terms_that_cannot_be_are_refused_field_by_field()
    {
        var answer = await Put($"/api/v1/insurers/{BillingFixture.InsurerId}/contracts/NEW", new
        {
            appliesFrom = "2026-01-01",
            label = "",
            kind = "x",
            serviceIncluded = true,
            usesPerPerson = 0,
            usesPerFamily = 0,
            waitingDays = -1,
            validFrom = "2026-02-01",
            validTo = "2026-01-01",
            pricing = "free",
            priceCents = -1,
        }, "\"v0\"");
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var text = await answer.Content.ReadAsStringAsync();
        foreach (var field in new[] { "label", "kind", "pricing", "priceCents", "usesPerPerson", "usesPerFamily", "waitingDays", "validTo" })
        {
            text.ShouldContain($"#/{field}");
        }
    }

    private static object Details(string name) =>
        new { name, kind = "mutuelle", invoicingAddress = new { name, street = "1 rue de l'Exemple", postCode = "99001", city = "Ville-Fictive" } };

    private static object Terms(DateOnly from, bool included) => new
    {
        appliesFrom = from.ToString("O", CultureInfo.InvariantCulture),
        label = "Confort",
        kind = "sante",
        serviceIncluded = included,
        usesPerPerson = 2,
        usesPerFamily = (int?)null,
        waitingDays = 0,
        validFrom = "2021-01-01",
        validTo = (string?)null,
        pricing = "per_opinion",
        priceCents = 29500,
    };

    private Task<HttpResponseMessage> Register(string amc, string name, string key)
    {
        var request =
            new HttpRequestMessage(HttpMethod.Post, "/api/v1/insurers") { Content = JsonContent.Create(new { amcNumber = amc, details = Details(name) }) };
        request.Headers.Add("Idempotency-Key", key);
        return billing.Ops.SendAsync(request);
    }

    private Task<HttpResponseMessage> Put(string path, object body, string? ifMatch)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return billing.Ops.SendAsync(request);
    }
}
