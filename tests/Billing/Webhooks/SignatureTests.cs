using System.Diagnostics;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SecondOpinion.Tests.Support;
using StandardWebhooks;
using StandardWebhooks.Diagnostics;

namespace SecondOpinion.Tests.Billing.Webhooks;

/// <summary>What is posted is what the official libraries of two languages take, and nothing that was changed on the way.</summary>
public sealed class SignatureTests
{
    /// <summary>Of the tests of standard-webhooks/standard-webhooks (MIT).</summary>
    [Fact]
    public void The_vector_of_the_standard_is_signed_as_the_standard_says() =>
        new StandardWebhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
            .Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", DateTimeOffset.FromUnixTimeSeconds(1614265330), "{\"test\": 2432232314}")
            .ShouldBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");

    [Fact]
    public async Task Two_libraries_take_what_is_posted_before_during_and_after_a_change_of_the_secret_and_refuse_what_was_altered()
    {
        await using var system = await WebhookSystem.Start();
        var (webhook, former) = await system.Subscribe("invoice.paid");
        (await system.Post($"/api/v1/webhooks/{webhook}/test")).EnsureSuccessStatusCode();
        await Came(system, 1);

        using var answer = await system.Post($"/api/v1/webhooks/{webhook}/secret");
        var changed = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        var secret = changed.GetProperty("secret").GetString()!;
        secret.ShouldNotBe(former);
        (await system.Post($"/api/v1/webhooks/{webhook}/test")).EnsureSuccessStatusCode();
        await Came(system, 2);

        var posts = system.Receiver.Posts.ToList();
        (string Secret, Received Post, bool IsTaken)[] cases =
        [
            (former, posts[0], true), (secret, posts[0], false), (former, posts[1], true), (secret, posts[1], true),
            (secret, posts[1] with { Body = posts[1].Body.Replace("webhook.test", "invoice.paid") }, false),
            (secret, posts[1] with { Headers = new(posts[1].Headers) { ["webhook-id"] = Guid.NewGuid().ToString() } }, false),
        ];
        foreach (var (with, post, isTaken) in cases)
        {
            Takes(new StandardWebhook(with), post).ShouldBe(isTaken, $".NET: {post.Headers["webhook-signature"]}");
        }

        (await ByNode(cases.Select(c => new { secret = c.Secret, headers = c.Post.Headers, body = c.Post.Body }))).ShouldBe(cases.Select(c => c.IsTaken));
        posts[0].Headers["webhook-timestamp"].ShouldBe(system.Time.GetUtcNow().ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture));
        posts[0].Headers["content-type"].ShouldBe("application/json");
        posts[0].Headers.ShouldNotContainKey("traceparent", "a stranger learns nothing of our traces");

        // A day later the former one is worth nothing.
        system.Time.Advance(TimeSpan.FromHours(25));
        (await system.Post($"/api/v1/webhooks/{webhook}/test")).EnsureSuccessStatusCode();
        await Came(system, 3);
        system.Receiver.Posts.Last().Headers["webhook-signature"].Split(' ').ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_secret_is_told_once_and_kept_sealed()
    {
        await using var system = await WebhookSystem.Start();
        var (webhook, secret) = await system.Subscribe("invoice.paid");
        (await system.Show(webhook)).ToString().ShouldNotContain("whsec_");
        var kept = await system.Billing.Scalar<byte[]>("select secret from webhook where id = @webhook", new { webhook });
        System.Text.Encoding.UTF8.GetString(kept).ShouldNotContain(secret["whsec_".Length..]);
    }

    private static Task Came(WebhookSystem system, int posts) =>
        Eventually.True(() => system.Receiver.Posts.Count == posts, $"post {posts} has come");

    private static bool Takes(StandardWebhook library, Received post)
    {
        try
        {
            library.Verify(post.Body, post.Signature);
            return true;
        }
        catch (WebhookVerificationException)
        {
            return false;
        }
    }

    private static async Task<bool[]> ByNode(IEnumerable<object> posts)
    {
        var folder = typeof(SignatureTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(m => m.Key == "ScriptFolder").Value!;
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            using var install = Process.Start(new ProcessStartInfo("npm", "ci --no-audit --no-fund --silent") { WorkingDirectory = folder })!;
            await install.WaitForExitAsync();
            install.ExitCode.ShouldBe(0, $"npm ci in {folder}");
        }

        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(posts));
        using var node = Process.Start(new ProcessStartInfo("node", ["verify.mjs", file]) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var said = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        File.Delete(file);
        return JsonSerializer.Deserialize<bool[]>(said)!;
    }
}
