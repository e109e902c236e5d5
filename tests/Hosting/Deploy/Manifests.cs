using System.Diagnostics;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using YamlDotNet.Serialization;

namespace SecondOpinion.Tests.Hosting.Deploy;

/// <summary>One object of a manifest as it stands in its file.</summary>
internal sealed record Manifest(string File, string Kind, string Name, string Text)
{
    /// <exception cref="YamlDotNet.Core.YamlException">A field is not of the kind.</exception>
    public T As<T>() => KubernetesYaml.Deserialize<T>(Text, strict: true);

    /// <summary>For kinds of operators, of which there is no model here.</summary>
    public JsonNode Json => JsonNode.Parse(new SerializerBuilder().JsonCompatible().Build().Serialize(new DeserializerBuilder().Build().Deserialize(Text)!))!;
}

/// <summary>The files under <c>deploy/</c>, and the model that they must agree with.</summary>
internal static class Manifests
{
    public static readonly string[] Services = ["billing", "identity", "intake", "matching", "physician", "reporting", "gateway"];

    public static string Folder { get; } = Path.Combine(Sources.Root, "deploy");

    public static IReadOnlyList<Manifest> All { get; } =
    [
        .. from file in Directory.EnumerateFiles(Folder, "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
           where Path.GetFileName(file) is not ("kustomization.yaml" or "collector-config.yaml")
           from text in File.ReadAllText(file).Split("\n---\n")
           let json = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(text)
           let name = (string)((Dictionary<object, object>)json["metadata"])["name"]
           select new Manifest(Path.GetRelativePath(Folder, file), (string)json["kind"], name, text),
    ];

    public static Manifest One(string kind, string name) => All.Single(m => m.Kind == kind && m.Name == name);

    public static V1PodSpec PodOf(string service) => One("Deployment", service).As<V1Deployment>().Spec.Template.Spec;

    /// <summary>The Job that migrates a service's database.</summary>
    public static V1PodSpec JobOf(string service) => One("Job", $"migrate-{service}").As<V1Job>().Spec.Template.Spec;

    /// <summary>What AppHost publishes of itself: resources with their environment and ports.</summary>
    public static async Task<JsonObject> Model(CancellationToken cancel)
    {
        var target = Path.Combine(Directory.CreateTempSubdirectory("model-").FullName, "manifest.json");
        var built = new DirectoryInfo(AppContext.BaseDirectory);
        var host = Path.Combine(Sources.Root, "AppHost/bin", built.Parent!.Name, built.Name, "AppHost.dll");
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", ["exec", host, "--publisher", "manifest", "--output-path", target, "--data", Path.GetDirectoryName(target)!])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        var said = await process.StandardOutput.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        process.ExitCode.ShouldBe(0, said);
        var model = JsonNode.Parse(await File.ReadAllTextAsync(target, cancel))!["resources"]!.AsObject();
        Directory.Delete(Path.GetDirectoryName(target)!, recursive: true);
        return model;
    }
}
