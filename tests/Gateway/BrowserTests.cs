using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Gateway;

/// <summary>A portal of another origin in a real browser: what CORS allows is the browser's judgement, not that of a test that reads headers.</summary>
public sealed partial class BrowserTests
{
    [Fact]
    public async Task A_portal_of_another_origin_sends_and_reads_every_header_that_uploads_and_writes_need()
    {
        await using var front = await Upstream.Start("portal");
        await using var gateway = await GatewayUnderTest.Start(new() { ["Cors:Origins:0"] = front.Address.GetLeftPart(UriPartial.Authority) });
        // A header's name has no case: HTTP/2, by which the gateway passes uploads on, writes it in lower case.
        var asked = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        gateway["billing"].Answer = async context =>
        {
            lock (asked)
            {
                asked.UnionWith(context.Request.Headers.Keys);
            }

            context.Response.Headers.ETag = "\"v2\"";
            context.Response.Headers["Upload-Offset"] = "7";
            context.Response.Headers.Location = "/api/v1/rosters/1";
            context.Response.Headers["Idempotent-Replayed"] = "true";
            await context.Response.WriteAsync("{}");
        };
        front.Answer = context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(Page(gateway.Address, TestTokens.Of(Roles.Ops)));
        };

        var seen = await Browse(new Uri(front.Address, "/"));

        foreach (var call in (string[])["announce", "upload", "write", "offset"])
        {
            seen[call]!["error"].ShouldBeNull(call);
            ((int)seen[call]!["status"]!).ShouldBe(200, call);
            seen[call]!["headers"]!.AsArray().Select(h => (string?)h)
                .ShouldBe(["\"v2\"", "7", "/api/v1/rosters/1", "true"], customMessage: call);
            ((string?)seen[call]!["trace"]).ShouldNotBeNull(call);
        }

        ((int)seen["refused"]!["status"]!).ShouldBe(404, "a refusal can be read too");
        ((string?)seen["refused"]!["code"]).ShouldBe("REQ-0005");
        asked.ShouldContain("Idempotency-Key");
        asked.ShouldContain("If-Match");
        asked.ShouldContain("Upload-Offset");
    }

    [Fact]
    public async Task A_page_of_an_origin_that_is_not_named_reads_nothing()
    {
        await using var front = await Upstream.Start("stranger");
        await using var gateway = await GatewayUnderTest.Start(new() { ["Cors:Origins:0"] = "https://front.secondopinion.example" });
        front.Answer = context =>
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            return context.Response.WriteAsync(Page(gateway.Address, TestTokens.Of(Roles.Ops)));
        };

        var seen = await Browse(new Uri(front.Address, "/"));

        seen.Select(call => (string?)call.Value!["error"]).ShouldAllBe(error => error != null);
        gateway["billing"].Requests.ShouldBe(0, "the browser did not even ask");
    }

    private static string Page(Uri gateway, string token) =>
        $$"""
        <!doctype html><html lang="fr"><meta charset="utf-8"><pre id="seen">waiting</pre><script>
        (async () => {
          const seen = {};
          const call = async (name, method, path, headers, body) => {
            try {
              const answer = await fetch('{{gateway.GetLeftPart(UriPartial.Authority)}}' + path, {
                method, body, headers: { 'Authorization': 'Bearer {{token}}', 'Accept-Language': 'fr', ...headers } });
              seen[name] = {
                status: answer.status,
                headers: ['ETag', 'Upload-Offset', 'Location', 'Idempotent-Replayed'].map(h => answer.headers.get(h)),
                trace: answer.headers.get('Request-Id'),
                code: answer.ok ? null : (await answer.json()).code };
            } catch (refused) {
              seen[name] = { error: '' + refused };
            }
          };
          await call('announce', 'POST', '/api/v1/rosters', { 'Content-Type': 'application/json', 'Idempotency-Key': 'k1' }, '{}');
          await call('upload', 'PATCH', '/api/v1/rosters/1/content', { 'Content-Type': 'text/csv', 'Upload-Offset': '0' }, 'a;b;c;d');
          await call('write', 'PUT', '/api/v1/insurers/1', { 'Content-Type': 'application/json', 'If-Match': '"v1"' }, '{}');
          await call('offset', 'GET', '/api/v1/rosters/1', { 'Range': 'bytes=0-1', 'If-None-Match': '"v1"' });
          await call('refused', 'GET', '/api/v1/nowhere', {});
          document.getElementById('seen').textContent = JSON.stringify(seen);
        })();
        </script></html>
        """;

    /// <summary>What the page wrote, once its requests were answered: the browser's time stands still while one is under way.</summary>
    private static async Task<JsonObject> Browse(Uri page)
    {
        var profile = Directory.CreateTempSubdirectory("secondopinion-browser-").FullName;
        try
        {
            var start = new ProcessStartInfo("chromium", ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
                $"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom", page.AbsoluteUri])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var browser = Process.Start(start)!;
            var dom = browser.StandardOutput.ReadToEndAsync();
            var errors = browser.StandardError.ReadToEndAsync();
            await browser.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            var text = Seen().Match(await dom);
            text.Success.ShouldBeTrue($"{await dom}\n{await errors}");
            return JsonNode.Parse(System.Net.WebUtility.HtmlDecode(text.Groups["seen"].Value))!.AsObject();
        }
        finally
        {
            Directory.Delete(profile, recursive: true);
        }
    }

    [GeneratedRegex("<pre id=\"seen\">(?<seen>\\{.*?\\})</pre>", RegexOptions.Singleline)]
    private static partial Regex Seen();
}
