using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SecondOpinion.Tests.Interop;

/// <summary>The official implementation in a Node process: <c>js/peer.mjs</c>.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Process process;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> pending = new();
    private readonly Lock gate = new();
    private int lastId;

    private Peer(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
    }

    public static async Task<Peer> StartAsync()
    {
        var folder = typeof(Peer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "PeerFolder").Value!;
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
        {
            using var install = Process.Start(new ProcessStartInfo("npm", "ci --no-audit --no-fund --silent") { WorkingDirectory = folder })!;
            await install.WaitForExitAsync();
            if (install.ExitCode != 0)
            {
                throw new InvalidOperationException($"'npm ci' failed in {folder}; the Node peer cannot start.");
            }
        }

        return new Peer(Process.Start(new ProcessStartInfo("node", "peer.mjs")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!);
    }

    public async Task<T> SendAsync<T>(string command, object arguments)
    {
        var message = JsonSerializer.SerializeToNode(arguments, Json)!.AsObject();
        var answer = new TaskCompletionSource<JsonNode?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            message["id"] = ++lastId;
            message["command"] = command;
            pending[lastId] = answer;
            process.StandardInput.WriteLine(message.ToJsonString());
        }

        return (await answer.Task.WaitAsync(TimeSpan.FromSeconds(60))).Deserialize<T>(Json)!;
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null || JsonNode.Parse(line) is not { } message || !pending.TryRemove((int)message["id"]!, out var answer))
        {
            return;
        }

        if (message["error"] is { } error)
        {
            answer.SetException(new InvalidOperationException((string?)error));
        }
        else
        {
            answer.SetResult(message["result"]);
        }
    }
}
