using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using k8s.Models;
using SecondOpinion.Contracts;
using YamlDotNet.Serialization;

namespace SecondOpinion.Tests.Hosting.Deploy;

/// <summary>The manifests are what Kubernetes reads, and say of the system what AppHost says.</summary>
public sealed partial class ManifestTests
{
    /// <summary>Of the environment that AppHost publishes, what no deployment has, and why.</summary>
    private static readonly Dictionary<string, string> LeftOut = new()
    {
        ["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "Aspire's own",
        ["ASPNETCORE_FORWARDEDHEADERS_ENABLED"] = "anybody could speak for a proxy: Gateway:TrustedProxies names those that may",
        ["SampleData__Enabled"] = "fictitious people are for local runs",
        ["SampleData__Password"] = "theirs",
        ["TryOut__Secret"] = "tokens for trying out are for local runs",
    };

    private static readonly string[] Added = ["LISTEN_ADDRESS", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME", "TMPDIR"];

    [Fact]
    public void Every_object_is_of_its_kind_to_the_last_field()
    {
        var models = typeof(V1Deployment).Assembly.GetTypes().Where(t => t.Namespace == "k8s.Models").ToLookup(t => t.Name);
        string[] operators =
        [
            "postgresql.cnpg.io/v1", "rabbitmq.com/v1beta1", "external-secrets.io/v1", "monitoring.coreos.com/v1",
        ];
        foreach (var manifest in Manifests.All)
        {
            var version = (string)manifest.Json["apiVersion"]!;
            if (operators.Contains(version))
            {
                manifest.Json["spec"].ShouldNotBeNull();
                continue;
            }

            var prefix = version[(version.IndexOf('/', StringComparison.Ordinal) + 1)..];
            var model = models[char.ToUpperInvariant(prefix[0]) + prefix[1..] + manifest.Kind].Single();
            Should.NotThrow(
                () => typeof(Manifest).GetMethod(nameof(Manifest.As))!.MakeGenericMethod(model).Invoke(manifest, []), $"{manifest.File}: {manifest.Name}");
        }

        var misspelt = new Manifest("", "Service", "x", "apiVersion: v1\nkind: Service\nmetadata: { name: x }\nspec: { selektor: {} }");
        Should.Throw<YamlDotNet.Core.YamlException>(misspelt.As<V1Service>);
    }

    [Fact]
    public void Every_file_is_part_of_its_kustomization_and_every_part_is_there()
    {
        foreach (var file in Directory.EnumerateFiles(Manifests.Folder, "kustomization.yaml", SearchOption.AllDirectories))
        {
            var folder = Path.GetDirectoryName(file)!;
            var parts = new DeserializerBuilder().IgnoreUnmatchedProperties().Build().Deserialize<Kustomization>(File.ReadAllText(file)).Resources;
            parts.ShouldAllBe(part => File.Exists(Path.Combine(folder, part)) || File.Exists(Path.Combine(folder, part, "kustomization.yaml")));
            var depth = folder.Contains("overlays", StringComparison.Ordinal) ? SearchOption.TopDirectoryOnly : SearchOption.AllDirectories;
            Directory.EnumerateFiles(folder, "*.yaml", depth)
                .Select(f => Path.GetRelativePath(folder, f)).Where(f => Path.GetFileName(f) is not ("kustomization.yaml" or "collector-config.yaml"))
                .Except(parts).ShouldBeEmpty(file);
        }
    }

    [Fact]
    public async Task Names_ports_and_environment_are_those_of_AppHost()
    {
        var model = await Manifests.Model(TestContext.Current.CancellationToken);
        model.Where(r => (string)r.Value!["type"]! == "project.v0").Select(r => r.Key).ShouldBe(Manifests.Services, ignoreOrder: true);
        foreach (var service in Manifests.Services)
        {
            var published = model[service]!;
            var container = Manifests.PodOf(service).Containers.Single();
            container.Ports.Select(p => p.Name).ShouldBe(published["bindings"]!.AsObject().Select(b => b.Key), ignoreOrder: true);
            var wanted = published["env"]!.AsObject().Where(e => !LeftOut.ContainsKey(e.Key)).ToDictionary(e => e.Key, e => Expected(service, e.Key, e.Value));
            Given(container).Where(e => !Added.Contains(e.Key)).OrderBy(e => e.Key).ShouldBe(
                wanted.Where(e => !e.Key.EndsWith("_owner", StringComparison.Ordinal)).OrderBy(e => e.Key));
            if (service != "gateway")
            {
                var job = Given(Manifests.JobOf(service).Containers.Single());
                job["Database__MigrateOnly"].ShouldBe("true");
                job.Where(e => !Added.Contains(e.Key) && e.Key != "Database__MigrateOnly").OrderBy(e => e.Key).ShouldBe(wanted.OrderBy(e => e.Key));
            }
        }
    }

    [Fact]
    public void Nothing_runs_with_more_rights_than_it_needs_and_everything_says_how_it_is()
    {
        foreach (var service in Manifests.Services)
        {
            var deployment = Manifests.One("Deployment", service).As<V1Deployment>().Spec;
            var container = deployment.Template.Spec.Containers.Single();
            Confined(deployment.Template.Spec);
            container.LivenessProbe.HttpGet.Path.ShouldBe("/alive");
            container.ReadinessProbe.HttpGet.Path.ShouldBe("/health");
            container.StartupProbe.ShouldNotBeNull();
            container.Resources.Requests.Keys.ShouldBe(["cpu", "memory"], ignoreOrder: true);
            deployment.Replicas.ShouldNotBeNull().ShouldBeGreaterThan(1);
            deployment.Template.Spec.TopologySpreadConstraints.Count.ShouldBe(2);
            Manifests.One("PodDisruptionBudget", service).As<V1PodDisruptionBudget>().Spec.Selector.MatchLabels["app"].ShouldBe(service);
            Manifests.One("HorizontalPodAutoscaler", service).As<V2HorizontalPodAutoscaler>().Spec.MinReplicas.ShouldBe(deployment.Replicas);
            Manifests.One("ServiceAccount", service).As<V1ServiceAccount>().AutomountServiceAccountToken.ShouldBe(false);
        }

        foreach (var service in Manifests.Services.Except(["gateway"]))
        {
            Confined(Manifests.JobOf(service));
        }
    }

    /// <summary>The list of the gRPC doors, and nobody else but the gateway.</summary>
    [Fact]
    public async Task The_network_lets_through_whom_the_services_let_in()
    {
        var model = await Manifests.Model(TestContext.Current.CancellationToken);
        foreach (var service in Manifests.Services.Except(["gateway"]))
        {
            var program = await File.ReadAllTextAsync(Path.Combine(Sources.Root, "services", service, "Program.cs"), TestContext.Current.CancellationToken);
            var allowed = AllowedCalls().Matches(program).Select(m => m.Groups[1].Value).Distinct();
            var routed = model["gateway"]!["env"]!.AsObject().Any(e => e.Key.StartsWith($"services__{service}__", StringComparison.Ordinal));
            var let = Manifests.One("NetworkPolicy", service).As<V1NetworkPolicy>().Spec.Ingress
                .SelectMany(rule => rule.FromProperty).Select(from => from.PodSelector?.MatchLabels["app"]).OfType<string>();
            let.ShouldBe([.. allowed, .. routed ? ["gateway"] : Array.Empty<string>()], ignoreOrder: true, service);
        }

        foreach (var caller in Manifests.Services)
        {
            var called = Manifests.One("NetworkPolicy", caller).As<V1NetworkPolicy>().Spec.Egress
                .SelectMany(rule => rule.To).Select(to => to.PodSelector.MatchLabels.TryGetValue("app", out var app) ? app : null).OfType<string>();
            called.ShouldBe(
                Manifests.Services.Where(s => Manifests.One("NetworkPolicy", s).As<V1NetworkPolicy>().Spec.Ingress
                    .SelectMany(rule => rule.FromProperty).Any(from => from.PodSelector?.MatchLabels["app"] == caller)),
                ignoreOrder: true, caller);
        }
    }

    [Fact]
    public void Users_of_the_broker_have_the_rights_that_follow_from_what_they_hear()
    {
        foreach (var service in Subscriptions.All.Keys)
        {
            var permissions = Manifests.One("Permission", service).Json["spec"]!["permissions"]!;
            var rights = BrokerRights.Of(service);
            ((string?)permissions["configure"], (string?)permissions["write"], (string?)permissions["read"])
                .ShouldBe((rights.Configure, rights.Write, rights.Read));
        }

        Manifests.All.Where(m => m.Kind == "User").Select(m => m.Name).ShouldBe(Subscriptions.All.Keys, ignoreOrder: true);
    }

    [Fact]
    public void Every_secret_that_is_asked_for_comes_from_the_vault_and_none_is_here()
    {
        Manifests.All.ShouldNotContain(m => m.Kind == "Secret");
        var brought = Manifests.All.Where(m => m.Kind == "ExternalSecret").ToDictionary(
            m => m.Name, m => m.Json["spec"]!["data"]!.AsArray().Select(d => (string)d!["secretKey"]!).ToHashSet());
        foreach (var pod in Manifests.Services.Select(Manifests.PodOf).Concat(Manifests.Services.Except(["gateway"]).Select(Manifests.JobOf)))
        {
            foreach (var reference in pod.Containers.SelectMany(c => c.Env).Select(e => e.ValueFrom?.SecretKeyRef).OfType<V1SecretKeySelector>())
            {
                brought[reference.Name].ShouldContain(reference.Key);
            }
        }

        foreach (var role in Manifests.One("Cluster", "postgres").Json["spec"]!["managed"]!["roles"]!.AsArray())
        {
            brought.Keys.ShouldContain((string)role!["passwordSecret"]!["name"]!);
        }
    }

    private static void Confined(V1PodSpec pod)
    {
        pod.AutomountServiceAccountToken.ShouldBe(false);
        pod.SecurityContext.RunAsNonRoot.ShouldBe(true);
        pod.SecurityContext.SeccompProfile.Type.ShouldBe("RuntimeDefault");
        foreach (var container in pod.Containers)
        {
            container.SecurityContext.ReadOnlyRootFilesystem.ShouldBe(true);
            container.SecurityContext.AllowPrivilegeEscalation.ShouldBe(false);
            container.SecurityContext.Capabilities.Drop.ShouldBe(["ALL"]);
            container.Resources.Limits.Keys.ShouldContain("memory");
        }
    }

    /// <summary>Name and what it is: a value, or <c>secret:KEY</c>, or <c>settings:KEY</c>; secrets within a value as <c>{KEY}</c>.</summary>
    private static Dictionary<string, string> Given(V1Container container)
    {
        var secrets = container.Env.Where(e => e.ValueFrom?.SecretKeyRef is not null).ToDictionary(e => e.Name, e => e.ValueFrom.SecretKeyRef.Key);
        var parts = secrets.Where(s => s.Key == s.Value.ToUpperInvariant().Replace('-', '_')).ToDictionary();
        return container.Env.Where(e => !parts.ContainsKey(e.Name)).ToDictionary(e => e.Name, e => e switch
        {
            { ValueFrom.SecretKeyRef.Key: var secret } => $"secret:{secret}",
            { ValueFrom.ConfigMapKeyRef.Key: var setting } => $"settings:{setting}",
            _ => parts.Aggregate(e.Value, (value, part) => value.Replace($"$({part.Key})", $"{{{part.Value}}}", StringComparison.Ordinal)),
        });
    }

    private static string Expected(string service, string name, JsonNode? value)
    {
        if (name is "Identity__Authority" or "Problems__BaseUri")
        {
            // Known outside: the overlays say which.
            return $"settings:{name}";
        }

        var text = ((string)value!)
            .Replace("{postgres.bindings.tcp.host}", "postgres-rw", StringComparison.Ordinal)
            .Replace("{postgres.bindings.tcp.port}", "5432", StringComparison.Ordinal)
            .Replace("{rabbitmq.bindings.tcp.host}", "rabbitmq", StringComparison.Ordinal)
            .Replace("{rabbitmq.bindings.tcp.port}", "5672", StringComparison.Ordinal);
        text = TargetPort().Replace(text, m => m.Groups[1].Value == "http" ? "8080" : "8081");
        text = Address().Replace(text, m => m.Groups[2].Value == "http" ? $"http://{m.Groups[1].Value}:8080"
            : service == "gateway" ? $"http://{m.Groups[1].Value}:8081" : $"dns:///{m.Groups[1].Value}-instances:8081");
        return Whole().Match(text) is { Success: true } whole ? $"secret:{whole.Groups[1].Value}" : Secret().Replace(text, m => $"{{{m.Groups[1].Value}}}");
    }

    private sealed class Kustomization
    {
        [YamlMember(Alias = "resources")]
        public List<string> Resources { get; set; } = [];
    }

    [GeneratedRegex("""new AllowedCalls\("(\w+)""")]
    private static partial Regex AllowedCalls();

    [GeneratedRegex(@"\{\w+\.bindings\.(\w+)\.targetPort\}")]
    private static partial Regex TargetPort();

    [GeneratedRegex(@"\{(\w+)\.bindings\.(\w+)\.url\}")]
    private static partial Regex Address();

    [GeneratedRegex(@"^\{([\w-]+)\.value\}$")]
    private static partial Regex Whole();

    [GeneratedRegex(@"\{([\w-]+)\.value\}")]
    private static partial Regex Secret();
}
