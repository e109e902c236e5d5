using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Tests.Physician;

/// <summary>Eight members, two reviews, a quorum of five, and nobody who has a tie.</summary>
public sealed class CouncilTests(PhysicianService physician) : IClassFixture<PhysicianService>
{
    [Fact]
    public async Task After_two_reviews_a_quorum_admits_by_more_votes_for_than_against_and_matching_is_told()
    {
        var rpps = Rpps.WithKey("9900007101");
        var id = await physician.Apply(rpps);
        (await Vote(1, id, "for")).ShouldBe("PHY-0024", "nobody has reviewed it");
        (await Decide(id)).Code.ShouldBe("PHY-0024");

        (await Review(1, id, "admit")).ShouldBeNull();
        (await Vote(1, id, "for")).ShouldBe("PHY-0024", "one review is missing");
        (await Review(2, id, "refuse")).ShouldBeNull();
        (await Review(3, id, "admit")).ShouldBe("PHY-0022", "there are two reviewers");
        (await Review(1, id, "refuse")).ShouldBe("PHY-0023", "a review is final");
        (await Review(1, id, "admit")).ShouldBeNull("the same again changes nothing");

        (await Vote(1, id, "for")).ShouldBeNull();
        (await Vote(2, id, "against")).ShouldBeNull();
        (await Vote(2, id, "for")).ShouldBe("PHY-0023", "a vote is final");
        (await Vote(2, id, "against")).ShouldBeNull("the same again changes nothing");
        (await Vote(3, id, "for")).ShouldBeNull();
        (await Vote(4, id, "abstention")).ShouldBeNull();
        (await Decide(id)).Code.ShouldBe("PHY-0024", "four are not a quorum");
        (await Vote(5, id, "abstention")).ShouldBeNull();

        var decision = await Decide(id);
        (decision.State, decision.For, decision.Against, decision.Abstentions).ShouldBe(("admitted", 2, 1, 2));
        (await Decide(id)).ShouldBe(decision, "counted once");
        (await Vote(6, id, "against")).ShouldBe("PHY-0021");
        var told = await physician.Broker.Next<PhysicianAdmitted>(a => a.PhysicianId == rpps.PhysicianId);
        (told.SpecialtyCode, told.Capacity).ShouldBe(("SM20", 3));
        (await PhysicianService.Code(await physician.TryApply(rpps))).ShouldBe("PHY-0006");
        (await physician.Scalar<int>(
            "select count(*)::int from audit_record where object_id = @id::text and action in ('admitted', 'write')", new { id })).ShouldBeGreaterThan(7);
    }

    [Theory]
    [InlineData(1, "for", "against", "for", "against", "abstention")]
    [InlineData(2, "abstention", "abstention", "abstention", "abstention", "abstention")]
    [InlineData(3, "against", "against", "against", "for", "for")]
    public async Task A_tie_and_a_majority_against_admit_nobody_and_a_new_file_may_be_opened(int number, params string[] votes)
    {
        var rpps = Rpps.WithKey($"990000720{number}");
        var id = await physician.Apply(rpps);
        await Review(1, id, "admit");
        await Review(2, id, "admit");
        foreach (var (member, vote) in votes.Index())
        {
            (await Vote(member, id, vote)).ShouldBeNull();
        }

        (await Decide(id)).State.ShouldBe("refused");
        (await physician.Scalar<bool>("select exists (select from physician where physician_id = @PhysicianId)", new { rpps.PhysicianId })).ShouldBeFalse();
        await physician.Apply(rpps);
    }

    [Fact]
    public async Task Whoever_declares_a_conflict_has_no_part_and_what_was_given_before_does_not_count()
    {
        var id = await physician.Apply(Rpps.WithKey("9900007301"));
        (await Conflict(1, id, "cousin")).ShouldBe("REQ-0002");
        (await Conflict(1, id, "family")).ShouldBeNull();
        (await Review(1, id, "admit")).ShouldBe("PHY-0022");

        await Review(2, id, "admit");
        await Review(3, id, "admit");
        for (var member = 2; member <= 6; member++)
        {
            (await Vote(member, id, "for")).ShouldBeNull();
        }

        // A vote and a review less: neither the quorum nor the two reviews are there any more.
        (await Conflict(2, id, "same_establishment")).ShouldBeNull();
        (await Decide(id)).Code.ShouldBe("PHY-0024");
        (await Review(4, id, "admit")).ShouldBeNull("another member takes the place of the reviewer");
        (await Decide(id)).Code.ShouldBe("PHY-0024");
        (await Vote(7, id, "for")).ShouldBeNull();
        (await Decide(id)).For.ShouldBe(5);
    }

    [Fact]
    public async Task Nobody_sees_how_others_voted_before_the_decision_and_only_the_council_sees_files()
    {
        var id = await physician.Apply(Rpps.WithKey("9900007401"));
        await Review(1, id, "admit");
        await Review(2, id, "admit");
        await Vote(1, id, "against");

        foreach (var role in Roles.All.Except([Roles.Council]))
        {
            (await physician.As(role).GetAsync($"/api/v1/physicians/applications/{id}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
            (await physician.As(role).GetAsync("/api/v1/physicians/applications")).StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
        }

        var seen = await physician.Member(3).GetStringAsync($"/api/v1/physicians/applications/{id}");
        seen.ShouldNotContain("against");
        var file = JsonElement.Parse(seen);
        (file.GetProperty("votesCast").GetInt32(), file.GetProperty("quorum").GetInt32()).ShouldBe((1, 5));
        file.GetProperty("reviews").GetArrayLength().ShouldBe(2);
        var mine = await physician.Member(1).GetFromJsonAsync<JsonElement>($"/api/v1/physicians/applications/{id}");
        mine.GetProperty("myVote").GetString().ShouldBe("against");
        var open = await physician.Member(3).GetFromJsonAsync<JsonElement>("/api/v1/physicians/applications?applicationState=open");
        open.GetProperty("items").EnumerateArray().Select(a => a.GetProperty("applicationId").GetGuid()).ShouldContain(id);
    }

    [Fact]
    public async Task Five_votes_at_once_and_the_decision_beside_them_count_each_vote_once()
    {
        var id = await physician.Apply(Rpps.WithKey("9900007501"));
        await Review(1, id, "admit");
        await Review(2, id, "admit");
        var votes = Enumerable.Range(1, 8).SelectMany(m => (string[])["for", "for"], (m, vote) => Vote(m, id, vote)).ToList();
        await Task.WhenAll(votes);
        (await Decide(id)).For.ShouldBe(8);
        (await physician.Scalar<int>("select count(*)::int from application_vote where application_id = @id", new { id })).ShouldBe(8);
    }

    [Fact]
    public async Task After_three_years_the_council_looks_again_and_whoever_is_not_kept_is_suspended()
    {
        var rpps = Rpps.WithKey("9900007601");
        await physician.Admit(rpps);
        var due = (await physician.As(Roles.Council).GetFromJsonAsync<JsonElement>(
            $"/api/v1/physicians?reviewDueBefore={TimeProvider.System.GetUtcNow().AddYears(3).AddDays(2):yyyy-MM-dd}&pathology=endometriose"))
            .GetProperty("items").EnumerateArray().Single(p => p.GetProperty("physicianId").GetGuid() == rpps.PhysicianId);
        due.GetProperty("reviewDueAt").GetDateTimeOffset().ShouldBe(TimeProvider.System.GetUtcNow().AddYears(3), TimeSpan.FromHours(1));

        var kept = await Again(rpps);
        await Give(kept, "for");
        (await Decide(kept)).State.ShouldBe("admitted");
        (await physician.Scalar<bool>("select suspended_at is null from physician where physician_id = @PhysicianId", new { rpps.PhysicianId })).ShouldBeTrue();

        var refused = await Again(rpps);
        await Give(refused, "against");
        (await Decide(refused)).State.ShouldBe("refused");
        (await physician.Broker.Next<AvailabilityChanged>(c => c.PhysicianId == rpps.PhysicianId && c.Suspended == true)).Capacity.ShouldBe(0);
        (await PhysicianService.Code(await physician.As(rpps).GetAsync("/api/v1/worklist"))).ShouldBe("PHY-0008");
    }

    private async Task Give(Guid id, string vote)
    {
        await Review(1, id, "admit");
        await Review(2, id, "refuse");
        foreach (var member in Enumerable.Range(1, 5))
        {
            (await Vote(member, id, vote)).ShouldBeNull();
        }
    }

    private async Task<Guid> Again(Rpps rpps)
    {
        var answer = await PhysicianService.Post(
            physician.Member(1), $"/physicians/{rpps.PhysicianId}/review", new { evidence = "Trois ans d'avis, 40 par an." });
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        (await PhysicianService.Code(await PhysicianService.Post(
            physician.Member(2), $"/physicians/{rpps.PhysicianId}/review", new { evidence = "Encore." }))).ShouldBe("PHY-0020");
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("applicationId").GetGuid();
    }

    private Task<string?> Review(int member, Guid id, string recommendation) =>
        Put(member, id, "review", new { recommendation, reasons = "Centre de référence, 200 patientes par an." });

    private Task<string?> Vote(int member, Guid id, string vote) => Put(member, id, "vote", new { vote });

    private Task<string?> Conflict(int member, Guid id, string nature) => Put(member, id, "conflict", new { nature });

    /// <returns>The refusal's code; null when it was taken.</returns>
    private async Task<string?> Put(int member, Guid id, string what, object body)
    {
        var answer = await PhysicianService.Put(physician.Member(member), $"/physicians/applications/{id}/{what}", body, null);
        return answer.IsSuccessStatusCode ? null : await PhysicianService.Code(answer);
    }

    private async Task<Decision> Decide(Guid id)
    {
        var answer = await PhysicianService.Post(physician.Member(8), $"/physicians/applications/{id}/decision");
        return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<Decision>())!
            : new Decision(null, 0, 0, 0, await PhysicianService.Code(answer));
    }

    private sealed record Decision(string? State, int For, int Against, int Abstentions, string? Code = null);
}
