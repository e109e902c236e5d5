using System.Diagnostics;
using Microsoft.Playwright;

namespace SecondOpinion.Tests.Hosting;

/// <summary>The resource page as people use it, in headless Chromium.</summary>
public sealed class BrowserTests(RunningPage system) : IClassFixture<RunningPage>, IAsyncLifetime
{
    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium(),
            Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.CloseAsync();
        }

        playwright?.Dispose();
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task No_view_has_an_accessibility_violation(ColorScheme scheme)
    {
        var trace = await TraceAcrossServices();
        var page = await Open(scheme);
        var found = new List<string>();
        foreach (var (view, ready) in ((string, string)[])[
            ("resources", "tbody tr >> nth=3"), ("logs/front", ".log div >> nth=0"), ("traces", "tbody tr >> nth=0"), ($"trace/{trace}", ".waterfall .span >> nth=4"), ("metrics", ".card svg >> nth=0")])
        {
            await Show(page, view);
            await page.Locator(ready).First.WaitForAsync();
            found.AddRange((await Violations(page)).Select(violation => $"{view}: {violation}"));
        }

        await Show(page, "resources");
        await page.GetByRole(AriaRole.Button, new() { Name = "Environment of front" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).WaitForAsync();
        found.AddRange((await Violations(page)).Select(static violation => $"environment: {violation}"));

        found.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_resource_is_stopped_and_started_with_the_keyboard_alone()
    {
        var page = await Open();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByRole(AriaRole.Rowheader, new() { Name = "back-1" }) });
        await Assertions.Expect(row.GetByText("Running, healthy")).ToBeVisibleAsync();

        await Tab(page, "Stop back-1");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(row.GetByText("Exited")).ToBeVisibleAsync(new() { Timeout = 15_000 });
        await Tab(page, "Start back-1");
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(row.GetByText("Running, healthy")).ToBeVisibleAsync(new() { Timeout = 15_000 });
    }

    [Fact]
    public async Task What_is_wrong_is_on_the_page_in_words()
    {
        var page = await Open();

        var row = page.GetByRole(AriaRole.Row).Filter(new() { Has = page.GetByRole(AriaRole.Rowheader, new() { Name = "doomed" }) });

        await Assertions.Expect(row).ToContainTextAsync("Crash loop", new() { Timeout = 20_000 });
        await Assertions.Expect(row).ToContainTextAsync("exited with code 7");
    }

    [Fact]
    public async Task The_environment_shows_names_but_no_secrets()
    {
        var page = await Open();
        await page.GetByRole(AriaRole.Button, new() { Name = "Environment of front" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);

        await Assertions.Expect(dialog.GetByRole(AriaRole.Row).Filter(new() { HasText = "PLAIN" })).ToContainTextAsync("visible");
        await Assertions.Expect(dialog.GetByRole(AriaRole.Row).Filter(new() { HasText = "PEPPER" })).ToContainTextAsync("secret");
        (await page.ContentAsync()).ShouldNotContain(await system.Pepper());
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToBeHiddenAsync();
    }

    [Fact]
    public async Task Logs_follow_live_and_are_filtered_by_text_and_level()
    {
        var page = await Open();
        await Show(page, "logs/front");
        var log = page.GetByRole(AriaRole.Log);
        await Assertions.Expect(log).ToContainTextAsync("Now listening on");

        using var front = system.App.CreateHttpClient("front");
        await front.GetAsync("fail");
        await Assertions.Expect(log).ToContainTextAsync("as asked");
        await page.GetByLabel("Level from").SelectOptionAsync("error");
        await Assertions.Expect(log).Not.ToContainTextAsync("Now listening on");
        await Assertions.Expect(log).ToContainTextAsync("as asked");
        await page.GetByLabel("Containing").FillAsync("nothing has this");
        await Assertions.Expect(log).ToBeEmptyAsync();
    }

    [Fact]
    public async Task A_trace_is_found_opened_and_read_span_by_span()
    {
        var trace = await TraceAcrossServices();
        var page = await Open();
        await page.GetByRole(AriaRole.Link, new() { Name = "Traces" }).ClickAsync();
        await page.GetByLabel("Name or trace id").FillAsync(trace);
        await page.Locator($"a[href='#/trace/{trace}']").ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("GET /next/back/next/front/pid");

        var first = page.Locator(".span").First;
        await first.FocusAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page.Locator(".more:not([hidden])")).ToContainTextAsync("url.full");
        (await page.Locator(".waterfall .s0, .waterfall .s1").CountAsync()).ShouldBeGreaterThanOrEqualTo(10);
    }

    [Fact]
    public async Task Another_theme_is_kept_for_the_next_visit()
    {
        var page = await Open();
        var button = page.GetByRole(AriaRole.Button, new() { Name = "Theme" });
        await button.ClickAsync();
        await button.ClickAsync();
        await Assertions.Expect(button).ToHaveTextAsync("Theme: dark");
        await page.ReloadAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Theme" })).ToHaveTextAsync("Theme: dark");
        (await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor")).ShouldBe("rgb(20, 23, 28)");
    }

    private static string Chromium() => ((string[])["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("Chromium is not installed: apt-get install chromium.");

    private static async Task Tab(IPage page, string name)
    {
        for (var i = 0; i < 100; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<string?>("document.activeElement.getAttribute('aria-label')") == name)
            {
                return;
            }
        }

        throw new InvalidOperationException($"The Tab key does not reach '{name}'.");
    }

    private static async Task<List<string>> Violations(IPage page)
    {
        await page.AddScriptTagAsync(new() { Path = Path.Combine(Sample.Folder, "node_modules/axe-core/axe.min.js") });
        var results = await page.EvaluateAsync<string[]>(
            "axe.run().then(r => r.passes.length === 0 ? ['axe found nothing to check'] : r.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).slice(0, 3).join(' | ')}`))");
        return [.. results];
    }

    private async Task<IPage> Open(ColorScheme scheme = ColorScheme.Light)
    {
        // The content security policy is right to refuse the test's own script.
        var context = await browser!.NewContextAsync(new() { ColorScheme = scheme, BypassCSP = true, ViewportSize = new() { Width = 1400, Height = 900 } });
        context.SetDefaultTimeout(15_000);
        var page = await context.NewPageAsync();
        await page.GotoAsync(system.Url);
        await page.Locator("tbody tr").First.WaitForAsync();
        return page;
    }

    private static Task Show(IPage page, string view) => page.EvaluateAsync("view => { location.hash = '#/' + view; }", view);

    private async Task<string> TraceAcrossServices()
    {
        using var front = system.App.CreateHttpClient("front");
        using var request = new HttpRequestMessage(HttpMethod.Get, "next/back/next/front/pid");
        var id = ActivityTraceId.CreateRandom().ToHexString();
        request.Headers.Add("traceparent", $"00-{id}-{ActivitySpanId.CreateRandom()}-01");
        await front.SendAsync(request);
        await Eventually.True(
            async () => (await system.Client.GetStringAsync($"api/traces?text={id}")).Contains("\"spans\":5"), "the trace has all its spans");
        return id;
    }
}
