using System.Net;
using System.Text.Json.Nodes;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>
/// Malformed requests to every operation of the API description and to every gRPC method: refused, never a 5xx, a hang or a swelling process.
/// </summary>
[Collection(OnSharedSystem.Name)]
public sealed class FuzzDrill(SharedSystem system, ITestOutputHelper output)
{
    private const int AtOnce = 8;
    private const long MostGrowth = 200L << 20;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(30);
    private static readonly string[] Services = ["intake", "billing", "matching", "physician", "reporting", "gateway"];

    [Fact]
    public async Task Malformed_requests_to_every_operation_are_refused()
    {
        await system.Healthy();
        using var journey = await Journey.Offered(system);
        // The published one: the gateway's own leaves out a service that was away when it was asked.
        var description = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppHostProcess.RepositoryRoot, "docs/openapi.json")))!;
        var known = new Dictionary<string, string>
        {
            ["id"] = journey.CaseId,
            ["caseId"] = journey.CaseId,
            ["offerId"] = journey.OfferId,
            ["documentId"] = journey.DocumentIds[0],
        };
        string[] tokens =
        [
            journey.Patient, journey.Physician, journey.Ops, system.Token(Roles.Agent), system.Token(Roles.Council),
            system.Token(Roles.Partner, "drill-partner", ("insurer_id", "00000000-0000-7000-8000-000099000002")), "", "not-a-token",
        ];
        var malformed = new MalformedRequests(description, known, tokens, new Random(DrillSettings.Seed));
        malformed.Operations.ShouldBeGreaterThan(40);
        output.WriteLine($"fuzz drill: {DrillSettings.FuzzRequests} requests to {malformed.Operations} operations, seed {DrillSettings.Seed}");

        // The first ones make processes grow to their working size.
        var (warm, _) = await Send(malformed, Math.Min(500, DrillSettings.FuzzRequests / 4));
        var before = Memory();
        var (faults, answers) = await Send(malformed, DrillSettings.FuzzRequests);
        var growth = Memory().ToDictionary(m => m.Key, m => m.Value - before[m.Key]);

        await DrillSettings.Write("fuzz", new
        {
            seed = DrillSettings.Seed,
            requests = DrillSettings.FuzzRequests,
            operations = malformed.Operations,
            answers = answers.ToDictionary(a => $"{a.Key}", a => a.Value),
            growthMegabytes = growth.ToDictionary(g => g.Key, g => g.Value >> 20),
            faults = warm.Concat(faults).Distinct().Order(StringComparer.Ordinal).Take(200),
        });
        output.WriteLine($"answers: {string.Join(", ", answers.OrderBy(a => a.Key).Select(a => $"{a.Key}: {a.Value}"))}");
        output.WriteLine($"growth: {string.Join(", ", growth.Select(g => $"{g.Key} {g.Value >> 20} MB"))}");
        warm.Concat(faults).Distinct().ShouldBeEmpty();
        growth.ShouldAllBe(g => g.Value < MostGrowth);
        answers.Keys.Count(status =>
            status is >= 400 and < 500).ShouldBeGreaterThan(3, "the requests were not malformed enough to be refused in different ways");
        await system.Healthy();
    }

    [Fact]
    public async Task Malformed_calls_of_every_gRPC_method_are_refused()
    {
        await system.Healthy();
        var calls = new MalformedCalls(system, new Random(DrillSettings.Seed));
        var (faults, answers) = await calls.Send(Math.Max(200, DrillSettings.FuzzRequests / 10));

        output.WriteLine(
            $"gRPC fuzz: {calls.Methods} methods, seed {DrillSettings.Seed}; "
            + $"answers: {string.Join(", ", answers.OrderBy(a => a.Key).Select(a => $"{a.Key}: {a.Value}"))}");
        await DrillSettings.Write("fuzz-grpc", new
        {
            seed = DrillSettings.Seed,
            methods = calls.Methods,
            answers = answers.ToDictionary(a => $"{a.Key}", a => a.Value),
            faults,
        });
        faults.ShouldBeEmpty();
        calls.Methods.ShouldBeGreaterThan(8);
        await system.Healthy();
    }

    private async Task<(IReadOnlyList<string> Faults, IReadOnlyDictionary<int, int> Answers)> Send(MalformedRequests malformed, int count)
    {
        var faults = new List<string>();
        var answers = new SortedDictionary<int, int>();
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, MaxConnectionsPerServer = AtOnce * 2 })
        {
            BaseAddress = system.Gateway,
            Timeout = Hang,
        };
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (_, cancel) =>
        {
            MalformedRequest made;
            lock (malformed)
            {
                made = malformed.Next();
            }

            using var request = made.Message;
            string? fault = null;
            var status = 0;
            try
            {
                // An event stream has no end: its head is enough.
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
                status = (int)response.StatusCode;
                if (status >= 500 && response.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.InsufficientStorage))
                {
                    fault = $"{made.Name}: {status} {await response.Content.ReadAsStringAsync(cancel)}";
                }
                else if (status >= 400 && !IsOfTheServer(response) && request.Method != HttpMethod.Head
                    && response.Content.Headers.ContentType?.MediaType != "application/problem+json")
                {
                    fault = $"{made.Name}: {status} is no problem but {response.Content.Headers.ContentType}";
                }
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                fault = $"{made.Name}: no answer within {Hang.TotalSeconds:0} s";
            }
            catch (HttpRequestException exception)
            {
                fault = $"{made.Name}: {exception.Message} {exception.InnerException?.Message}";
            }

            lock (faults)
            {
                answers[status] = answers.GetValueOrDefault(status) + 1;
                if (fault is not null)
                {
                    faults.Add(fault);
                }
            }
        });
        return (faults, answers);
    }

    /// <summary>What the HTTP server refuses before there is a request (a target that is none, or too long) has no body and closes the connection.</summary>
    private static bool IsOfTheServer(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestUriTooLong or HttpStatusCode.RequestHeaderFieldsTooLarge
        && response.Content.Headers.ContentLength == 0 && response.Headers.ConnectionClose == true;

    private Dictionary<string, long> Memory() => Services.ToDictionary(s => s, s => Processes.Memory(system.Pid(s)));
}
