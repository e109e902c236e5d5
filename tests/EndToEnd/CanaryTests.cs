using System.Buffers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;
using SecondOpinion.AppHost.Story;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>After the story, what only the patient and the two physicians may know is nowhere in clear: not in a file, a table, an event or a trace.</summary>
[Collection(OnSharedSystem.Name)]
public sealed partial class CanaryTests(SharedSystem system)
{
    /// <summary>The longest needle, and more: what one block of a file ends with begins the next one.</summary>
    private const int Overlap = 4096;

    [Fact]
    public async Task Identity_questions_and_opinion_are_nowhere_in_clear()
    {
        await system.Healthy();
        var caseId = await TellTheStory();
        var secrets = Secrets();
        var needles = secrets.SelectMany(s => Forms(s).Select(form => (form, s))).DistinctBy(n => n.form).ToDictionary(n => n.form, n => n.s);
        var search = SearchValues.Create([.. needles.Keys], StringComparison.Ordinal);
        var finds = new SortedSet<string>(StringComparer.Ordinal);
        void Look(string where, string text)
        {
            // The fictitious physicians bear it as half of their names.
            text = text.Replace("EXEMPLE-", "", StringComparison.Ordinal);
            for (var from = 0; text.AsSpan(from).IndexOfAny(search) is >= 0 and var ahead; from += ahead + 1)
            {
                var at = from + ahead;
                finds.Add($"{where}: {needles.First(n => string.CompareOrdinal(text, at, n.Key, 0, n.Key.Length) == 0).Value}");
            }
        }

        // A search that finds nothing anywhere would pass too.
        Look("proof", $"…{Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secrets[0]))}…");
        finds.ShouldHaveSingleItem();
        finds.Clear();

        await LookIntoEvents(caseId, Look);
        await LookIntoTables(Look);
        await LookIntoTraces(Look);
        LookIntoFiles(Look);

        finds.ShouldBeEmpty();
    }

    private static IReadOnlyList<string> Secrets()
    {
        var sample = Journey.Sample("case.json");
        var opinion = Journey.Sample("opinion.json");
        var answers = Journey.Sample("answers.json")["answers"]!;
        IEnumerable<JsonNode?> texts =
        [
            .. opinion["reasoning"]!.AsArray(), .. opinion["recommendations"]!.AsArray(), .. opinion["answersToQuestions"]!.AsArray(),
            .. Journey.Sample("questions.json")["questions"]!.AsArray(), opinion["dialogue"]!["question"], opinion["dialogue"]!["answer"],
            answers["first_opinion_text"], answers["current_treatments"], answers["allergies"], answers["family_history"], answers["expectations"],
        ];
        return
        [
            (string)sample["patient"]!["nir"]!,
            (string)sample["patient"]!["birthName"]!,
            (string)sample["coverage"]!["memberNumber"]!,
            .. sample["documents"]!.AsArray().Select(d => (string)d!["file"]!),
            .. texts.Select(t => (string)t!),
        ];
    }

    /// <summary>A text as it may lie about: as it is, as JSON escapes it, in hexadecimal (binary columns) and in Base64; read as Latin-1.</summary>
    private static IEnumerable<string> Forms(string secret)
    {
        // A part is enough, and a search for many long texts is slow.
        var part = secret.Length <= 32 ? secret : secret[4..36];
        foreach (var text in (string[])[part, JsonSerializer.Serialize(part)[1..^1]])
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            yield return Encoding.Latin1.GetString(bytes);
            yield return Convert.ToHexStringLower(bytes);
            for (var shift = 0; shift < 3 && bytes.Length > 8; shift++)
            {
                // Base64 depends on where in the text the part begins; its edges depend on the neighbours.
                yield return Convert.ToBase64String([.. new byte[shift], .. bytes])[4..^4];
            }
        }
    }

    private async Task<string> TellTheStory()
    {
        var root = Directory.CreateTempSubdirectory("story-").FullName;
        Directory.CreateSymbolicLink(Path.Combine(root, "samples"), Path.Combine(AppHostProcess.RepositoryRoot, "samples"));
        using var told = new StringWriter();
        (await SampleStory.Play(system.Gateway, system.DataFolder, root, new Narrator(told), TestContext.Current.CancellationToken))
            .ShouldBeTrue(told.ToString());
        Directory.Delete(root, recursive: true);
        return CaseOf().Match(told.ToString()).Groups[1].Value;
    }

    private async Task LookIntoEvents(string caseId, Action<string, string> look)
    {
        var http = system.Http(system.Token(Roles.Ops));
        var events = (await http.GetFromJsonAsync<JsonNode>($"/api/v1/reports/cases/{caseId}/events"))!["events"]!.AsArray();
        events.Count.ShouldBeGreaterThan(10);
        foreach (var happened in events)
        {
            var name = $"event {happened!["name"]}";
            look(name, Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(happened.ToJsonString())));
            foreach (var text in Texts(happened["body"]))
            {
                Code().IsMatch(text).ShouldBeTrue($"{name} carries “{text}”, which is no id, code or date");
            }
        }
    }

    private async Task LookIntoTables(Action<string, string> look)
    {
        foreach (var service in (string[])["intake", "billing", "matching", "physician", "reporting"])
        {
            var connection = Processes.Variable(system.Pid(service), $"ConnectionStrings__{service}")!;
            await using var data = NpgsqlDataSource.Create(connection);
            await using var db = await data.OpenConnectionAsync();
            var tables = new List<string>();
            await using (var command = new NpgsqlCommand(
                "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
                db))
            await using (var reader = await command.ExecuteReaderAsync())
            {
                while (await reader.ReadAsync())
                {
                    tables.Add(reader.GetString(0));
                }
            }

            tables.Count.ShouldBeGreaterThan(3, service);
            foreach (var table in tables)
            {
                using var rows = await db.BeginTextExportAsync($"copy {table} to stdout");
                while (await rows.ReadLineAsync() is { } row)
                {
                    look($"{service}, table {table}", Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(row)));
                }
            }
        }
    }

    private async Task LookIntoTraces(Action<string, string> look)
    {
        var spans = (await system.Spans()).ToJsonString();
        spans.ShouldContain("spanId");
        look("the dashboard's traces", Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(spans)));
    }

    /// <summary>Everything on disk: logs, PostgreSQL's tables and log of changes, RabbitMQ's queues, documents, spools.</summary>
    private void LookIntoFiles(Action<string, string> look)
    {
        var seen = 0;
        var buffer = new byte[1 << 20];
        foreach (var file in Directory.EnumerateFiles(system.DataFolder, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != ".lock"))
        {
            seen++;
            try
            {
                using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                var kept = 0;
                for (int read; (read = stream.Read(buffer, kept, buffer.Length - kept)) > 0;)
                {
                    var length = kept + read;
                    look(Path.GetRelativePath(system.DataFolder, file), Encoding.Latin1.GetString(buffer, 0, length));
                    kept = Math.Min(Overlap, length);
                    buffer.AsSpan(length - kept, kept).CopyTo(buffer);
                }
            }
            catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
            {
                // The servers remove files while they run.
                continue;
            }
        }

        seen.ShouldBeGreaterThan(100);
        Directory.Exists(Path.Combine(system.DataFolder, "postgres", "data")).ShouldBeTrue();
        Directory.Exists(Path.Combine(system.DataFolder, "rabbitmq", "mnesia")).ShouldBeTrue();
    }

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(member => Texts(member.Value)),
        JsonArray a => a.SelectMany(Texts),
        JsonValue v when v.GetValueKind() == JsonValueKind.String => [(string)v!],
        _ => [],
    };

    [GeneratedRegex("case ([0-9a-f-]{36})")]
    private static partial Regex CaseOf();

    [GeneratedRegex(@"\A[A-Za-z0-9_.:+-]{0,64}\z")]
    private static partial Regex Code();
}
