using System.Net;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

[Collection(OnSharedSystem.Name)]
public sealed class AcceptTests(SharedSystem system)
{
    [Fact]
    public async Task Of_two_concurrent_accepts_of_one_offer_exactly_one_wins()
    {
        using var journey = await Journey.Offered(system);
        var path = $"/api/v1/worklist/offers/{journey.OfferId}/accept";
        HttpClient[] devices = [system.Http(journey.Physician), system.Http(journey.Physician)];
        // Their connections stand, so that both requests arrive together.
        await Task.WhenAll(devices.Select(d => d.GetAsync("/api/v1/worklist")));

        var answers = await Task.WhenAll(devices.Select(d => d.Post(path)));

        answers.Count(a => a.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        await answers.Single(a => a.StatusCode != HttpStatusCode.OK).ShouldBeProblem(409, "PHY-0001");
        await journey.Until("it is assigned", c => (string?)c["state"] == "assigned");
    }

    [Fact]
    public async Task The_same_accept_repeated_gets_the_same_answer()
    {
        using var journey = await Journey.Offered(system);
        var path = $"/api/v1/worklist/offers/{journey.OfferId}/accept";
        var key = Guid.CreateVersion7().ToString();
        var http = system.Http(journey.Physician);

        using var first = await http.Post(path, key: key);
        using var again = await http.Post(path, key: key);

        first.StatusCode.ShouldBe(HttpStatusCode.OK);
        again.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await again.Content.ReadAsStringAsync()).ShouldBe(await first.Content.ReadAsStringAsync());
    }
}
