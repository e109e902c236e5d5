using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>How an import comes along, as a stream of events.</summary>
public sealed class RosterFeedTests(BillingFixture billing) : IClassFixture<BillingFixture>
{
    [Fact]
    public async Task Progress_comes_as_a_stream_of_events_that_ends_with_the_import()
    {
        var insurer = await billing.NewInsurer("99000210");
        var bytes = Encoding.UTF8.GetBytes(BillingFixture.Roster([.. Enumerable.Range(1, 100_000).Select(i => $"S{i};1980-01-02")]));
        var id = await billing.Announce(insurer, bytes.Length);
        var partner = billing.Service.Http(TestTokens.Partner(insurer));
        using var answer = await partner.GetAsync($"/api/v1/rosters/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        await billing.Send(id, 0, bytes, partner);
        var text = await answer.Content.ReadAsStringAsync();
        var events = text.Split('\n').Where(l => l.StartsWith("data:", StringComparison.Ordinal))
            .Select(l => JsonSerializer.Deserialize<JsonElement>(l[5..])).ToList();
        events[0].GetProperty("state").GetString().ShouldBe("receiving");
        events[^1].GetProperty("state").GetString().ShouldBe("imported");
        events[^1].GetProperty("linesRead").GetInt64().ShouldBe(100_000);
        events.Select(e => e.GetProperty("linesRead").GetInt64()).ShouldBeInOrder();
    }

    [Fact]
    public async Task However_many_listen_the_database_is_asked_once_and_one_client_has_few_streams()
    {
        var insurer = await billing.NewInsurer("99000233");
        var bytes = Encoding.UTF8.GetBytes(BillingFixture.Roster([.. Enumerable.Range(1, 100).Select(i => $"S{i};1980-01-02")]));
        var id = await billing.Announce(insurer, bytes.Length);
        var feed = billing.Service.Services.GetRequiredService<ImportFeed>();
        // Forty people of the insurer, each with a token of their own.
        var streams = new List<HttpResponseMessage>();
        for (var i = 0; i < 40; i++)
        {
            var one = billing.Service.Http(TestTokens.Create(Roles.Partner, $"portal-{i % 8}", ("insurer_id", insurer.ToString())));
            streams.Add(await one.GetAsync($"/api/v1/rosters/{id}/events", HttpCompletionOption.ResponseHeadersRead));
        }

        streams.ShouldAllBe(s => s.StatusCode == HttpStatusCode.OK);
        var sixth = await billing.Service.Http(TestTokens.Create(Roles.Partner, "portal-0", ("insurer_id",
            insurer.ToString()))).GetAsync($"/api/v1/rosters/{id}/events");
        ((int)sixth.StatusCode).ShouldBe(429);
        sixth.Headers.RetryAfter.ShouldNotBeNull();
        (await sixth.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString().ShouldBe("BIL-0008");

        feed.Followed.ShouldBe(1);
        var (looks, watch) = (feed.Looks, System.Diagnostics.Stopwatch.StartNew());
        await Eventually.True(() => feed.Looks >= looks + 4, "the import is looked at");
        (feed.Looks - looks).ShouldBeLessThanOrEqualTo((long)(watch.Elapsed.TotalSeconds / 0.5) + 2, "one look in half a second for all forty");

        await billing.Send(id, 0, bytes, billing.Ops);
        foreach (var stream in streams)
        {
            (await stream.Content.ReadAsStringAsync()).ShouldContain("\"state\":\"imported\"");
            stream.Dispose();
        }

        await Eventually.True(() => feed.Followed == 0, "nobody is followed any more");
        var again = billing.Service.Http(TestTokens.Create(Roles.Partner, "portal-0", ("insurer_id", insurer.ToString())));
        (await again.GetStringAsync($"/api/v1/rosters/{id}/events")).ShouldContain("imported", Case.Sensitive, "streams that ended are given back");
    }
}
