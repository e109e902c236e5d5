using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Tests.Physician;

public sealed class WorklistTests(PhysicianService physician) : IClassFixture<PhysicianService>
{
    [Fact]
    public async Task An_offer_appears_is_accepted_and_becomes_a_case_once_matching_confirms()
    {
        var offer = await physician.Offer(physician.Alix);
        (await Entry(offer)).GetProperty("state").GetString().ShouldBe("offered");

        var accepted = await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/offers/{offer.OfferId}/accept");
        accepted.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Entry(offer)).GetProperty("state").GetString().ShouldBe("accepted");
        (await physician.Broker.Next<OfferAccepted>(a => a.OfferId == offer.OfferId)).PhysicianId.ShouldBe(physician.Alix.PhysicianId);

        await physician.Assign(offer);
        (await Entry(offer)).GetProperty("state").GetString().ShouldBe("assigned");
    }

    [Theory]
    [InlineData("pathology", 4, 1, "Vous êtes référent de cette maladie, indépendant de l'équipe qui soigne le patient, et disponible ; 4 médecins ont été")]
    [InlineData("specialty", 1, 1, "Aucun médecin n'est référent de cette maladie : vous êtes sollicité pour votre spécialité")]
    [InlineData("coordinator", 1, 3, "Un coordinateur vous a choisi pour ce dossier. Un confrère au moins a été sollicité avant vous.")]
    public async Task An_offer_says_why_this_physician_was_asked(string basis, int considered, int rank, string why)
    {
        var offer = await physician.Offer(physician.Alix, change: o => o with { Basis = basis, Considered = considered, Rank = rank });
        (await Entry(offer)).GetProperty("whyYou").GetString()!.Replace('\u00A0', ' ').ShouldStartWith(why.Replace('\u00A0', ' '));
    }

    [Fact]
    public async Task Of_two_acceptances_at_once_one_wins_and_the_other_is_told_so()
    {
        for (var round = 0; round < 5; round++)
        {
            var offer = await physician.Offer(physician.Alix);
            var http = physician.As(physician.Alix);

            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PhysicianService.Post(http, $"/worklist/offers/{offer.OfferId}/accept")));

            answers.Count(a => a.StatusCode == HttpStatusCode.OK).ShouldBe(1);
            answers.Count(a => a.StatusCode == HttpStatusCode.Conflict).ShouldBe(3);
            (await PhysicianService.Code(answers.First(a => a.StatusCode == HttpStatusCode.Conflict))).ShouldBe("PHY-0001");
        }
    }

    [Fact]
    public async Task The_same_key_gives_the_same_answer_and_one_event()
    {
        var offer = await physician.Offer(physician.Alix);
        var http = physician.As(physician.Alix);
        var first = await PhysicianService.Post(http, $"/worklist/offers/{offer.OfferId}/accept", key: "one");
        var again = await PhysicianService.Post(http, $"/worklist/offers/{offer.OfferId}/accept", key: "one");

        again.StatusCode.ShouldBe(HttpStatusCode.OK);
        again.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await again.Content.ReadAsStringAsync()).ShouldBe(await first.Content.ReadAsStringAsync());
        await physician.Broker.Next<OfferAccepted>(a => a.OfferId == offer.OfferId);
        physician.Broker.Heard<OfferAccepted>().Count(a => a.OfferId == offer.OfferId).ShouldBe(1);
    }

    [Theory]
    [InlineData("unavailable")]
    [InlineData("not_my_field")]
    [InlineData("conflict_of_interest")]
    [InlineData("other")]
    public async Task A_refusal_has_a_reason_in_code(string reason)
    {
        var offer = await physician.Offer(physician.Alix);

        (await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/offers/{offer.OfferId}/decline", new { reason })).StatusCode
            .ShouldBe(HttpStatusCode.OK);

        (await physician.Broker.Next<OfferDeclined>(d => d.OfferId == offer.OfferId)).Reason.ShouldBe(reason);
        await physician.Close(offer, "declined");
        (await physician.StateOf(offer)).ShouldBe("declined");
    }

    [Fact]
    public async Task An_unknown_reason_is_refused()
    {
        var offer = await physician.Offer(physician.Alix);

        (await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/offers/{offer.OfferId}/decline", new { reason = "tired" })).StatusCode
            .ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_foreign_offer_answers_like_an_absent_one()
    {
        var offer = await physician.Offer(physician.Alix);
        var stranger = physician.As(physician.Noé);

        var foreign = await PhysicianService.Post(stranger, $"/worklist/offers/{offer.OfferId}/accept");
        var absent = await PhysicianService.Post(stranger, $"/worklist/offers/{Guid.CreateVersion7()}/accept");

        foreign.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await WithoutTrace(foreign)).ShouldBe(await WithoutTrace(absent));
        (await stranger.GetFromJsonAsync<JsonElement>("/api/v1/worklist?limit=100")).GetProperty("items").EnumerateArray()
            .ShouldNotContain(i => i.GetProperty("offerId").GetGuid() == offer.OfferId);
        (await physician.StateOf(offer)).ShouldBe("offered");
    }

    [Fact]
    public async Task An_expired_offer_cannot_be_accepted_even_before_matching_has_closed_it()
    {
        var offer = await physician.Offer(physician.Alix, life: TimeSpan.FromSeconds(-1));

        var late = await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/offers/{offer.OfferId}/accept");

        late.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await late.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("state").GetString().ShouldBe("expired");
    }

    [Fact]
    public async Task An_acceptance_that_matching_could_not_honour_is_closed()
    {
        var offer = await physician.Offer(physician.Alix);
        await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/offers/{offer.OfferId}/accept");

        await physician.Close(offer, "expired");

        (await Entry(offer)).GetProperty("closedReason").GetString().ShouldBe("expired");
    }

    [Fact]
    public async Task Events_of_one_offer_may_come_in_any_order_and_twice()
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var order in (string[])["oca", "oac", "coa", "cao", "aoc", "aco"])
        {
            var offered = new CaseOffered
            {
                OfferId = Guid.CreateVersion7(),
                CaseId = Guid.CreateVersion7(),
                PhysicianId = physician.Alix.PhysicianId,
                PathologyCode = "endometriose",
                Rank = 1,
                OfferedAt = now,
                ExpiresAt = now.AddDays(1),
                DueAt = now.AddDays(7),
            };
            foreach (var step in order + order)
            {
                await (step switch { 'o' => physician.Publish(offered), 'c' => physician.Close(offered), _ => physician.Assign(offered) });
            }

            var entry = await Entry(offered);
            entry.GetProperty("state").GetString().ShouldBe("closed", order);
            entry.GetProperty("pathologyCode").GetString().ShouldBe("endometriose", order);
        }
    }

    [Fact]
    public async Task The_list_is_paged_and_a_cursor_serves_only_its_own_list()
    {
        for (var i = 0; i < 5; i++)
        {
            await physician.Offer(physician.Noé);
        }

        var http = physician.As(physician.Noé);
        var seen = new List<Guid>();
        for (string? after = null, url; ; url = "")
        {
            url = $"/api/v1/worklist?limit=2{(after is null ? "" : $"&after={after}")}";
            var page = await http.GetFromJsonAsync<JsonElement>(url);
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("offerId").GetGuid()));
            after = page.GetProperty("next").GetString();
            if (after is null)
            {
                break;
            }

            (await physician.As(physician.Alix).GetAsync(url + $"&after={after}")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            (await http.GetAsync($"/api/v1/worklist?state=offered&after={after}")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        }

        seen.Count.ShouldBeGreaterThanOrEqualTo(5);
        seen.ShouldBeUnique();
        (await http.GetAsync("/api/v1/worklist?limit=0")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await http.GetAsync("/api/v1/worklist?state=lost")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task No_other_role_reaches_the_worklist()
    {
        foreach (var role in Roles.All.Where(r => r != Roles.Physician))
        {
            (await physician.As(role).GetAsync("/api/v1/worklist")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await PhysicianService.Post(physician.As(role), $"/worklist/offers/{Guid.CreateVersion7()}/accept")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await physician.As(role).GetAsync($"/api/v1/worklist/cases/{Guid.CreateVersion7()}/dossier")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }
    }

    private async Task<JsonElement> Entry(CaseOffered offer) =>
        (await physician.As(physician.Alix).GetFromJsonAsync<JsonElement>("/api/v1/worklist?limit=100")).GetProperty("items").EnumerateArray()
            .Single(i => i.GetProperty("offerId").GetGuid() == offer.OfferId);

    internal static async Task<string> WithoutTrace(HttpResponseMessage answer)
    {
        var body = (await answer.Content.ReadFromJsonAsync<Dictionary<string, JsonElement>>())!;
        body.Remove("traceId");
        return JsonSerializer.Serialize(body);
    }
}
