using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http;
using SecondOpinion.Billing.Webhooks;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing.Webhooks;

/// <summary>An address is a stranger's choice: it leads nowhere but to a stranger's machine.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("100.64.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("0.0.0.0")]
    [InlineData("192.0.2.7")]
    [InlineData("198.18.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("fe80::1")]
    [InlineData("fc00::1")]
    [InlineData("ff02::1")]
    [InlineData("64:ff9b::a00:1")]
    [InlineData("2001::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:a00:1::")]
    public void An_address_of_this_machine_a_private_network_or_nobody_is_not_public(string address) =>
        PublicAddresses.IsPublic(IPAddress.Parse(address)).ShouldBeFalse();

    [Theory]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("192.0.1.1")]
    [InlineData("9.9.9.9")]
    [InlineData("::ffff:9.9.9.9")]
    [InlineData("2a01:e00::1")]
    public void Their_neighbours_are(string address) => PublicAddresses.IsPublic(IPAddress.Parse(address)).ShouldBeTrue();

    [Fact]
    public async Task A_name_that_leads_to_this_machine_is_found_out_when_it_is_connected_to()
    {
        await using var system = await WebhookSystem.Start(("AllowPrivateAddresses", "false"));
        var (webhook, _) = await Saved(system, "https://example.org/hooks");
        // The name meant something else when it was saved.
        await using var db = await system.Billing.Service.Data.OpenConnectionAsync();
        await db.ExecuteAsync(
            "update webhook set url = @Url", new { Url = new UriBuilder(system.Receiver.Url) { Host = "localhost" }.Uri.AbsoluteUri });
        await system.Happens(Guid.NewGuid());
        await Eventually.True(async () => Fault(await system.Deliveries(webhook)) is not null, "it was tried");
        Fault(await system.Deliveries(webhook)).ShouldBe("private_address");
        system.Receiver.Posts.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var system = await WebhookSystem.Start();
        var (webhook, _) = await system.Subscribe("invoice.paid");
        system.Receiver.Answer = (_, context) =>
        {
            context.Response.Headers.Location = "/hooks";
            return StatusCodes.Status307TemporaryRedirect;
        };
        await system.Happens(Guid.NewGuid());
        await Eventually.True(async () => Fault(await system.Deliveries(webhook)) is not null, "it was tried");
        Fault(await system.Deliveries(webhook)).ShouldBe("redirect");
        system.Receiver.Posts.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_no_address_to_post_to_is_refused_with_the_reason()
    {
        await using var system = await WebhookSystem.Start(("AllowPrivateAddresses", "false"));
        foreach (var (url, code) in new[]
        {
            ("http://example.org/hooks", "invalid_url"), ("ftp://example.org", "invalid_url"), ("/hooks", "invalid_url"), ("", "invalid_url"),
            ("https://me:secret@example.org/", "invalid_url"), ("https://example.org/#a", "invalid_url"), ("https://example.org:22/", "invalid_port"),
            ("https://127.0.0.1/", "private_address"), ("https://[::1]/", "private_address"), ("https://localhost/", "private_address"),
            ("https://0x7f.1/", "private_address"), ("https://2130706433/", "private_address"), ("https://169.254.169.254/latest", "private_address"),
            ($"https://example.org/{new string('a', 500)}", "invalid_url"),
        })
        {
            using var refused = await system.Post("/api/v1/webhooks", new { url });
            refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest, url);
            (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0].GetProperty("code").GetString().ShouldBe(code, url);
        }

        using var unknown = await system.Post(
            "/api/v1/webhooks", new { url = "https://example.org/hooks", types = new[] { "case.opened" }, state = "stopped" });
        (await unknown.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString())
            .ShouldBe(["#/types", "#/state"]);
    }

    [Fact]
    public async Task An_insurer_has_ten_addresses_and_sees_nobody_elses()
    {
        await using var system = await WebhookSystem.Start();
        var (webhook, _) = await system.Subscribe();
        for (var i = 1; i < 10; i++)
        {
            await system.Subscribe();
        }

        using var full = await system.Post("/api/v1/webhooks", new { url = system.Receiver.Url });
        full.StatusCode.ShouldBe(HttpStatusCode.Conflict);

        var other = system.Billing.Service.Http(TestTokens.Partner(BillingFixture.MonthlyId));
        (await other.GetFromJsonAsync<JsonElement>("/api/v1/webhooks")).GetArrayLength().ShouldBe(0);
        foreach (var (method, path, body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Get, "", null), (HttpMethod.Get, "/deliveries", null), (HttpMethod.Post, "/secret", null), (HttpMethod.Post, "/test", null),
            (HttpMethod.Post, "/replay", new { }), (HttpMethod.Put, "", new { url = "http://example.org/" }), (HttpMethod.Delete, "", null),
        })
        {
            using var answer = await system.Send(method, $"/api/v1/webhooks/{webhook}{path}", body, "\"v1\"", other);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, $"{method} {path}");
        }

        (await system.Billing.Ops.GetFromJsonAsync<JsonElement>("/api/v1/webhooks")).GetArrayLength().ShouldBe(10);
    }

    private static async Task<(Guid Id, string Secret)> Saved(WebhookSystem system, string url)
    {
        using var answer = await system.Post("/api/v1/webhooks", new { url });
        var created = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return (created.GetProperty("webhook").GetProperty("id").GetGuid(), created.GetProperty("secret").GetString()!);
    }

    private static string? Fault(List<JsonElement> deliveries) =>
        deliveries.SelectMany(d => d.GetProperty("attempts").EnumerateArray()).Select(a => a.GetProperty("fault").GetString()).FirstOrDefault();
}
