using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SecondOpinion.Tests.Hosting.Deploy;

/// <summary>An alert on a metric that nobody sends never fires, and says nothing about it.</summary>
public sealed partial class MonitoringTests
{
    /// <summary>Of the framework, as OpenTelemetry's conventions name them, with their units; the second test sees them made.</summary>
    private static readonly Dictionary<string, string> Framework = new()
    {
        ["http.server.request.duration"] = "s",
        ["dotnet.process.memory.working_set"] = "By",
        ["dotnet.process.cpu.time"] = "s",
    };

    [Fact]
    public void Every_metric_of_rules_dashboards_and_autoscalers_exists()
    {
        var known = Sources.Of("services", "gateway", "ServiceDefaults").SelectMany(file => Instrument().Matches(File.ReadAllText(file)))
            .SelectMany(m => InPrometheus(m.Groups["kind"].Value, m.Groups["name"].Value, m.Groups["unit"].Value))
            .Concat(InPrometheus("Histogram", "http.server.request.duration", "s"))
            .Concat(InPrometheus("ObservableUpDownCounter", "dotnet.process.memory.working_set", "By"))
            .Concat(InPrometheus("ObservableCounter", "dotnet.process.cpu.time", "s"))
            .ToHashSet();
        known.ShouldContain("outbox_age_seconds");
        known.ShouldContain("outbox_sent_total");
        var rules = Manifests.One("PrometheusRule", "secondopinion").Json["spec"]!["groups"]!.AsArray().SelectMany(g => g!["rules"]!.AsArray()).ToList();
        var recorded = rules.Select(r => (string?)r!["record"]).OfType<string>().ToHashSet();
        var boards = Directory.GetFiles(Path.Combine(Manifests.Folder, "monitoring/dashboards"))
            .Select(file => JsonNode.Parse(File.ReadAllText(file))!).ToList();
        var asked = rules.Select(r => (string)r!["expr"]!)
            .Concat(boards.SelectMany(b => b["panels"]!.AsArray()).SelectMany(p => p!["targets"]!.AsArray()).Select(t => (string)t!["expr"]!))
            .Concat(Manifests.All.Where(m => m.Kind == "HorizontalPodAutoscaler").SelectMany(m => m.Json["spec"]!["metrics"]!.AsArray())
                .Select(m => (string?)m!["external"]?["metric"]!["name"]).OfType<string>())
            .SelectMany(expression => Named().Matches(Labels().Replace(expression, "")).Select(m => m.Value)).ToHashSet();

        asked.Count.ShouldBeGreaterThan(15);
        asked.Where(name => !known.Contains(name) && !recorded.Contains(name) && !name.StartsWith("cnpg_collector_", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    /// <summary>By the very framework that the services run on.</summary>
    [Fact]
    public async Task The_framework_makes_the_metrics_that_are_named()
    {
        var seen = new HashSet<(string, string?)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                lock (seen)
                {
                    seen.Add((instrument.Name, instrument.Unit));
                }
            },
        };
        listener.Start();
        await using var app = Microsoft.AspNetCore.Builder.WebApplication.CreateSlimBuilder().Build();
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync(TestContext.Current.CancellationToken);

        Framework.ShouldAllBe(metric => seen.Contains(new(metric.Key, metric.Value)));
    }

    [Fact]
    public void Every_alert_has_its_runbook()
    {
        var headings = File.ReadLines(Path.Combine(Sources.Root, "docs/operations.md")).Where(line => line.StartsWith("## ", StringComparison.Ordinal))
            .Select(line => NoWord().Replace(line[3..].ToLowerInvariant(), "").Replace(' ', '-')).ToHashSet();
        var alerts = Manifests.One("PrometheusRule", "secondopinion").Json["spec"]!["groups"]!.AsArray().SelectMany(g => g!["rules"]!.AsArray())
            .Where(r => r!["alert"] is not null).ToList();

        alerts.Count.ShouldBeGreaterThan(10);
        alerts.ShouldAllBe(alert => headings.Contains(((string)alert!["annotations"]!["runbook_url"]!).Split('#', 2)[1]));
    }

    /// <summary>As the collector's exporter renames them.</summary>
    private static IEnumerable<string> InPrometheus(string kind, string name, string unit)
    {
        var full = name.Replace('.', '_') + unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        return kind switch
        {
            "Histogram" => [$"{full}_bucket", $"{full}_count", $"{full}_sum"],
            "Counter" or "ObservableCounter" => [$"{full}_total"],
            _ => [full],
        };
    }

    [GeneratedRegex("""Create(?<kind>\w+?)(<\w+>)?\(\s*"(?<name>[\w.]+)",[^;]*?"(?<unit>s|By|\{\w+\})",""")]
    private static partial Regex Instrument();

    /// <summary>What stands between braces, quotes and brackets, and what is grouped by.</summary>
    [GeneratedRegex("""\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)|"[^"]*"|'[^']*'""")]
    private static partial Regex Labels();

    /// <summary>Names have an underscore or a colon; functions, of which one has, are not among them.</summary>
    [GeneratedRegex(@"\b(?!histogram_quantile|absent_over_time)[a-z]\w*[_:][\w:]+\b")]
    private static partial Regex Named();

    [GeneratedRegex(@"[^\w -]")]
    private static partial Regex NoWord();
}
