using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Billing.Webhooks;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Webhooks;

public sealed class DeliveryTests
{
    [Fact]
    public async Task Of_ten_thousand_events_to_a_server_that_fails_half_the_time_none_is_lost_and_none_comes_before_an_earlier_one_of_its_subject()
    {
        const int Events = 10_000;
        // Quick repeats, many of them; the real ones take three days.
        await using var system = await WebhookSystem.Start(
            [.. Enumerable.Range(0, 60).Select(i => ($"Retries:{i}", "00:00:00.001")), ("CircuitAfter", "1000")]);
        await system.Subscribe("invoice.paid");
        var taken = new ConcurrentQueue<(Guid Subject, Guid Id)>();
        var counter = 0;
        system.Receiver.Answer = (post, context) =>
        {
            switch (Hash(Interlocked.Increment(ref counter)) % 4)
            {
                case 0:
                    context.Abort();
                    return StatusCodes.Status204NoContent;
                case 1:
                    return StatusCodes.Status503ServiceUnavailable;
                default:
                    taken.Enqueue((post.Subject, post.Id));
                    return StatusCodes.Status204NoContent;
            }
        };
        await using var db = await system.Billing.Service.Data.OpenConnectionAsync();
        await db.ExecuteAsync(
            """
            with subject as (select n, gen_random_uuid() as id from generate_series(0, 249) n)
            insert into partner_event (id, insurer_id, type, subject, data, happened_at)
            select gen_random_uuid(), @InsurerId, 'invoice.paid', s.id, '{}', @Now
            from generate_series(1, @Events) i
            join subject s on s.n = i % 250
            order by i
            """, new { BillingFixture.InsurerId, Now = system.Time.GetUtcNow(), Events });
        using var clock = new Timer(_ => system.Time.Advance(TimeSpan.FromMilliseconds(10)), null, 0, 10);

        await Eventually.True(
            async () => await system.Billing.Scalar<long>("select count(*) from webhook_delivery where state = 'delivered'") == Events,
            "all are delivered", TimeSpan.FromMinutes(4));

        counter.ShouldBeGreaterThan(Events * 3 / 2, "it did fail half the time");
        var written = (await db.QueryAsync<(Guid Subject, Guid Id)>("select subject, id from partner_event where type = 'invoice.paid' order by written"))
            .ToLookup(e => e.Subject, e => e.Id);
        // An answer may be lost on its way: what was taken may come again, and its id says so.
        var came = taken.DistinctBy(t => t.Id).ToLookup(t => t.Subject, t => t.Id);
        written.Count.ShouldBe(250);
        foreach (var subject in written)
        {
            came[subject.Key].ShouldBe(subject);
        }

        static uint Hash(int value) => unchecked((uint)value * 2654435761u) >> 16;
    }

    [Fact]
    public async Task What_fails_to_the_end_is_dead_and_comes_again_under_its_first_id_when_asked_for()
    {
        await using var system = await WebhookSystem.Start(("Retries:0", "00:00:10"), ("Retries:1", "00:01:00"));
        var (webhook, _) = await system.Subscribe("invoice.paid");
        system.Receiver.Answer = (_, _) => StatusCodes.Status500InternalServerError;
        var subject = Guid.NewGuid();
        await system.Happens(subject);
        await system.Happens(subject);
        // Three tries of the first; then, at once, the first of the second.
        foreach (var tries in (int[])[1, 2, 4, 5, 6])
        {
            await Tried(system, tries);
            system.Time.Advance(TimeSpan.FromSeconds(75));
        }

        var dead = await system.Deliveries(webhook, "?deliveryState=dead");
        dead.Count.ShouldBe(2);
        system.Receiver.Posts.Count.ShouldBe(6, "three tries of each");
        dead[1].GetProperty("attempts").EnumerateArray().Select(a => a.GetProperty("status").GetInt32()).ShouldBe([500, 500, 500]);
        dead[1].GetProperty("nextAttemptAt").ValueKind.ShouldBe(JsonValueKind.Null);
        system.Receiver.Posts.Select(p => p.Id).Distinct().Count().ShouldBe(2);
        system.Receiver.Posts.Take(3).Select(p => p.Id).Distinct().ShouldHaveSingleItem("the second waited until the first was given up");

        system.Receiver.Answer = (_, _) => StatusCodes.Status200OK;
        using var replayed = await system.Post($"/api/v1/webhooks/{webhook}/replay", new { });
        (await replayed.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("deliveries").GetInt32().ShouldBe(2);
        await Eventually.True(async () => (await system.Deliveries(webhook, "?deliveryState=delivered")).Count == 2, "both are delivered");
        system.Receiver.Posts.Skip(6).Select(p => p.Id).ShouldBe(system.Receiver.Posts.Select(p => p.Id).Distinct(), "in their order, under their ids");
        using var again = await system.Post($"/api/v1/webhooks/{webhook}/replay", new { });
        (await again.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("deliveries").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task An_address_that_fails_in_a_row_is_left_alone_tried_with_one_event_and_taken_up_when_it_is_back()
    {
        await using var system = await WebhookSystem.Start(
            [.. Enumerable.Range(0, 100).Select(i => ($"Retries:{i}", "00:00:01")), ("CircuitAfter", "5"), ("FirstPause", "00:10:00")]);
        var (webhook, _) = await system.Subscribe("invoice.paid");
        system.Receiver.Answer = (_, _) => StatusCodes.Status502BadGateway;
        for (var i = 0; i < 30; i++)
        {
            await system.Happens(Guid.NewGuid());
        }

        await Eventually.True(async () => (await system.Show(webhook)).GetProperty("pausedUntil").ValueKind == JsonValueKind.String, "it is left alone");
        var before = system.Receiver.Posts.Count;
        before.ShouldBeLessThanOrEqualTo(30, "nothing is tried twice meanwhile");
        system.Time.Advance(TimeSpan.FromMinutes(5));
        await NothingToDo(system);
        system.Receiver.Posts.Count.ShouldBe(before);

        // One try that fails: the pause is longer than before.
        system.Time.Advance(TimeSpan.FromHours(2));
        await Eventually.True(() => system.Receiver.Posts.Count == before + 1, "one event is tried");
        await NothingToDo(system);
        system.Receiver.Posts.Count.ShouldBe(before + 1);

        system.Receiver.Answer = (_, _) => StatusCodes.Status204NoContent;
        system.Time.Advance(TimeSpan.FromHours(2));
        await Eventually.True(async () => (await system.Show(webhook)).GetProperty("waiting").GetInt32() == 0, "all are delivered");
        var shown = await system.Show(webhook);
        shown.GetProperty("failures").GetInt32().ShouldBe(0);
        shown.GetProperty("pausedUntil").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Theory]
    [InlineData(410, 0)]
    [InlineData(500, 73)]
    public async Task An_address_that_is_gone_or_takes_nothing_for_three_days_is_stopped_until_its_owner_takes_it_up(int status, int hours)
    {
        await using var system = await WebhookSystem.Start();
        var (webhook, _) = await system.Subscribe("invoice.paid");
        system.Receiver.Answer = (_, _) => status;
        await system.Happens(Guid.NewGuid());
        await Tried(system, 1);
        system.Time.Advance(TimeSpan.FromHours(hours));
        await Eventually.True(async () => (await system.Show(webhook)).GetProperty("state").GetString() == "stopped", "it is stopped");
        (await system.Show(webhook)).GetProperty("dead").GetInt32().ShouldBe(1);
        using var refused = await system.Post($"/api/v1/webhooks/{webhook}/replay", new { });
        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString().ShouldBe("BIL-0041");

        system.Receiver.Answer = (_, _) => StatusCodes.Status204NoContent;
        using var takenUp = await system.Send(HttpMethod.Put, $"/api/v1/webhooks/{webhook}", new { url = system.Receiver.Url, state = "active" }, "\"v2\"");
        takenUp.EnsureSuccessStatusCode();
        (await system.Post($"/api/v1/webhooks/{webhook}/replay", new { })).EnsureSuccessStatusCode();
        await Eventually.True(async () => (await system.Show(webhook)).GetProperty("dead").GetInt32() == 0, "it is sent again");
    }

    [Fact]
    public async Task A_paused_address_gets_later_what_happened_meanwhile_and_a_deleted_one_nothing()
    {
        await using var system = await WebhookSystem.Start();
        var (webhook, _) = await system.Subscribe("invoice.paid");
        (await system.Send(HttpMethod.Put, $"/api/v1/webhooks/{webhook}", Said("paused"), "\"v1\"")).EnsureSuccessStatusCode();
        await system.Happens(Guid.NewGuid());
        await Eventually.True(async () => (await system.Show(webhook)).GetProperty("waiting").GetInt32() == 1, "it waits");
        await NothingToDo(system);
        system.Receiver.Posts.ShouldBeEmpty();
        (await system.Send(HttpMethod.Put, $"/api/v1/webhooks/{webhook}", Said("active"), "\"v1\"")).StatusCode
            .ShouldBe(HttpStatusCode.PreconditionFailed);
        (await system.Send(HttpMethod.Put, $"/api/v1/webhooks/{webhook}", Said("active"), "\"v2\"")).EnsureSuccessStatusCode();
        await Eventually.True(() => system.Receiver.Posts.Count == 1, "it came");

        (await system.Post($"/api/v1/webhooks/{webhook}/test")).EnsureSuccessStatusCode();
        (await system.Send(HttpMethod.Delete, $"/api/v1/webhooks/{webhook}", ifMatch: "\"v3\"")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await system.Billing.Scalar<long>("select count(*) from webhook_delivery")).ShouldBe(0);

        object Said(string state) => new { url = system.Receiver.Url, types = new[] { "invoice.paid" }, state };
    }

    private static Task Tried(WebhookSystem system, int times) => Eventually.True(
        async () => await system.Billing.Scalar<long>("select count(*) from webhook_attempt") == times, $"{times} tries are written down");

    /// <summary>Whatever is due at this moment has been looked for, and there is nothing.</summary>
    private static Task NothingToDo(WebhookSystem system) => Eventually.True(
        async () => !await system.Billing.Service.Services.GetRequiredService<DeliverEvents>().RunOne(CancellationToken.None), "nothing is due");
}
