using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>
/// The table of docs/security.md: every operation and every gRPC method, tried by every actor on an object of their own, a foreign one, another insurer's and
/// one that does not exist. It is written by the running system: an operation without its rows, or an answer that differs, fails; UPDATE_GOLDEN=1 writes it
/// anew.
/// </summary>
[Collection(OnSharedSystem.Name)]
public sealed class SecurityTableTests(SharedSystem system)
{
    private const string Begin = "<!-- table -->";
    private const string End = "<!-- end of table -->";
    private static readonly string Page = Path.Combine(AppHostProcess.RepositoryRoot, "docs/security.md");
    private static readonly Guid Insurer = Guid.Parse("00000000-0000-7000-8000-000099000001");
    private static readonly Guid OtherInsurer = Guid.Parse("00000000-0000-7000-8000-000099000002");

    /// <summary>What ends an object comes after what only reads or changes it.</summary>
    private static readonly string[] Last = ["/withdraw", "/close"];

    private static readonly FileDescriptor[] Protos =
        [EligibilityReflection.Descriptor, DossiersReflection.Descriptor, OpinionsReflection.Descriptor,
            RosterReflection.Descriptor];

    private sealed record Actor(string Name, string? Token);

    /// <summary>One for each actor: an address has so many connections.</summary>
    private readonly Dictionary<string, HttpClient> _clients = [];

    /// <param name="Name">The column of the object: own, foreign, other insurer, absent.</param>
    private sealed record Thing(string Name, string CaseId, string DocumentId, string RequestId, string OfferId, string PhysicianId, Guid InsurerId,
        string ImportId);

    private sealed record Operation(HttpMethod Method, string Path, string? MediaType)
    {
        public bool OfInsurer => Path.Contains("{insurerId}", StringComparison.Ordinal) || Path.Contains("{importId}", StringComparison.Ordinal);

        public bool OfObject => OfInsurer || new[] { "/cases/{", "{offerId}", "{physicianId}" }.Any(p => Path.Contains(p, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_actor_gets_on_every_object_what_the_table_says()
    {
        using var mine = await Journey.Assigned(system);
        using var theirs = await Journey.Ready(system);
        var (own, foreign, other, absent) = await Things(mine, theirs);
        Actor[] actors =
        [
            new("anonymous", null), new("partner", system.Token(Roles.Partner, "table-partner", ("insurer_id", Insurer.ToString()))),
            new("council", system.Token(Roles.Council, "table-council")), new("ops", system.Token(Roles.Ops, "table-ops")),
            new("agent", system.Token(Roles.Agent, "table-agent")), new("service", system.ServiceToken("intake", "billing")),
            new("physician", mine.Physician), new("patient", mine.Patient),
        ];
        // First, while the case is the physician's to read.
        var calls = new StringBuilder();
        await AddCalls(calls, mine, actors, own, foreign, absent);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"| operation | object | {string.Join(" | ", actors.Select(a => a.Name))} |");
        text.AppendLine(CultureInfo.InvariantCulture, $"|---|---|{string.Concat(actors.Select(_ => "---|"))}");
        foreach (var operation in await Operations())
        {
            Thing[] things = operation.OfInsurer ? [own, other, absent] : operation.OfObject ? [absent, foreign, own] : [own with { Name = "–" }];
            foreach (var thing in things)
            {
                var cells = new List<string>();
                foreach (var actor in actors)
                {
                    cells.Add(await Status(actor, operation, thing));
                }

                text.AppendLine(CultureInfo.InvariantCulture,
                    $"| `{operation.Method} {operation.Path["/api/v1".Length..]}` | {thing.Name} | {string.Join(" | ", cells)} |");
            }
        }

        await Compare($"{text}{calls}");
    }

    private async Task<(Thing Own, Thing Foreign, Thing Other, Thing Absent)> Things(Journey mine, Journey theirs)
    {
        using var asked = await system.Http(mine.Physician).Post(
            $"/api/v1/worklist/cases/{mine.CaseId}/information-requests", Answers.Json(new JsonObject { ["text"] = "Depuis quand ?" }));
        var requestId = (string)(await asked.Read())["requestId"]!;
        using var physicians = await system.Http(mine.Ops).GetAsync("/api/v1/physicians?pathology=endometriose&limit=100");
        var ids = (await physicians.Read())["items"]!.AsArray();
        string Id(JsonNode? p) => (string)p!["physicianId"]!;
        var me = Id(ids.Single(p => Rpps.Parse((string)p!["rpps"]!) == mine.PhysicianRpps));
        async Task<string> Import(Guid insurer)
        {
            using var announced = await system.Http(mine.Ops).Post(
                "/api/v1/rosters", Answers.Json(new JsonObject { ["insurerId"] = insurer.ToString(), ["kind"] = "delta", ["sizeBytes"] = 10 }));
            return (string)(await announced.Read())["id"]!;
        }

        string New() => Guid.CreateVersion7().ToString();
        return (
            new Thing("own", mine.CaseId, mine.DocumentIds[0], requestId, mine.OfferId, me, Insurer, await Import(Insurer)),
            new Thing("foreign", theirs.CaseId, theirs.DocumentIds[0], New(), New(), Id(ids.First(p => Id(p) != me)), OtherInsurer, New()),
            new Thing("other insurer's", New(), New(), New(), New(), New(), OtherInsurer, await Import(OtherInsurer)),
            new Thing("absent", New(), New(), New(), New(), New(), Guid.CreateVersion7(), New()));
    }

    private async Task<IReadOnlyList<Operation>> Operations()
    {
        var document = (await system.Http().GetFromJsonAsync<JsonNode>("/openapi/v1.json"))!;
        return
        [
            .. document["paths"]!.AsObject()
                .SelectMany(path => path.Value!.AsObject()
                    .Where(member => member.Key is "get" or "post" or "put" or "patch" or "delete")
                    .Select(member => new Operation(
                        HttpMethod.Parse(member.Key), path.Key, member.Value!["requestBody"]?["content"]?.AsObject().Select(c => c.Key).FirstOrDefault())))
                .OrderBy(o => Last.Any(l => o.Path.EndsWith(l, StringComparison.Ordinal))).ThenBy(o => o.Path, StringComparer.Ordinal)
                .ThenBy(o => o.Method.Method, StringComparer.Ordinal),
        ];
    }

    private async Task<string> Status(Actor actor, Operation operation, Thing thing)
    {
        var path = operation.Path
            .Replace("/codes/{list}", "/codes/document-types").Replace("/rosters/format/{kind}", "/rosters/format/whole")
            .Replace("{year}", "2026").Replace("{month}", "2026-01").Replace("{format}", "pdf")
            .Replace("{webhookId}", thing.DocumentId)
            .Replace("{invoiceId}", thing.DocumentId).Replace("{runId}", thing.DocumentId).Replace("{entryId}", thing.DocumentId)
            .Replace("/orientation/pages/{id}", "/orientation/pages/ald").Replace("/orientation/letters/{id}", "/orientation/letters/file-request")
            .Replace("{id}", thing.CaseId).Replace("{caseId}", thing.CaseId).Replace("{documentId}", thing.DocumentId).Replace("{requestId}", thing.RequestId)
            .Replace("{uploadId}", thing.DocumentId).Replace("{offerId}", thing.OfferId).Replace("{physicianId}", thing.PhysicianId)
            .Replace("{insurerId}", thing.InsurerId.ToString())
            .Replace("{importId}", thing.ImportId).Replace("{version}", "1")
            .Replace("{departmentClass}", "desert").Replace("{decisionId}", thing.DocumentId).Replace("{paymentId}", thing.DocumentId)
            .Replace("{code}", "CONFORT").Replace("{survey}", "recommendation")
            .Replace("{applicationId}", thing.DocumentId);
        path.ShouldNotContain("{", customMessage: "a parameter that the table does not know: give it its objects");
        while (true)
        {
            using var request = new HttpRequestMessage(operation.Method, path)
            {
                Content = operation.MediaType switch
                {
                    // The sample's insurer keeps its roster: a rollback to a version that never was.
                    "application/json" when path.EndsWith("/rollback", StringComparison.Ordinal) => Answers.Json(new JsonObject { ["toVersion"] = 0 }),
                    "application/json" => Answers.Json(new JsonObject()),
                    not null => Answers.Document("%PDF-1.7"u8.ToArray(), "mri", "image.dcm", operation.MediaType),
                    null when operation.Method == HttpMethod.Post => Answers.Json(new JsonObject()),
                    null => null,
                },
            };
            request.Headers.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
            request.Headers.TryAddWithoutValidation("If-Match", "*");
            // What a tus client says: of eight bytes that are no whole PDF.
            if (path.Contains("/uploads", StringComparison.Ordinal))
            {
                request.Headers.Add("Tus-Resumable", "1.0.0");
                request.Headers.Add("Upload-Length", "8");
                request.Headers.Add("Upload-Offset", "0");
                request.Headers.Add("Upload-Metadata", "filename aXJtLmRjbQ==,documentType bXJp");
            }

            using var answer = await Client(actor).SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if ((int)answer.StatusCode == 429)
            {
                // Quotas are for the living: the table waits.
                await Task.Delay(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
                continue;
            }

            ((int)answer.StatusCode).ShouldBeLessThan(500, $"{actor.Name}: {operation.Method} {path}");
            return ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture);
        }
    }

    private HttpClient Client(Actor actor) => _clients.TryGetValue(actor.Name, out var known) ? known : _clients[actor.Name] = system.Http(actor.Token);

    /// <summary>Who calls it in the running system.</summary>
    private static string CallerOf(string service) => service switch
    {
        "Dossiers" => "physician",
        "Roster" => "matching",
        _ => "intake",
    };

    private async Task AddCalls(StringBuilder text, Journey mine, Actor[] people, Thing own, Thing foreign, Thing absent)
    {
        Actor[] actors = [.. people, new("another physician", system.PhysicianToken(Rpps.WithKey("9999999990")))];
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"| gRPC method (not reachable from outside) | object | {string.Join(" | ", actors.Select(a => a.Name))} |");
        text.AppendLine(CultureInfo.InvariantCulture, $"|---|---|{string.Concat(actors.Select(_ => "---|"))}");
        var ports = JsonSerializer.Deserialize<Dictionary<string, int>>(await File.ReadAllTextAsync(Path.Combine(system.DataFolder, "ports.json")))!;
        foreach (var service in Protos.SelectMany(p => p.Services).OrderBy(s => s.FullName, StringComparer.Ordinal))
        {
            // secondopinion.billing.v1.Eligibility is billing's.
            var callee = service.FullName.Split('.')[1];
            var voucher = system.ServiceToken(CallerOf(service.Name), callee);
            using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{ports[$"{callee}-grpc"]}");
            foreach (var method in service.Methods)
            {
                Thing[] things = method.InputType.FindFieldByName("case_id") is null ? [own with { Name = "–" }] : [absent, foreign, own];
                foreach (var thing in things)
                {
                    var cells = new List<string>();
                    foreach (var actor in actors)
                    {
                        // A service comes with its token for this callee; a person's call comes through a service that vouches for it.
                        var caller = actor.Name == "service" ? actor with { Token = system.ServiceToken(CallerOf(service.Name), callee) } : actor;
                        cells.Add(await Call(channel, method, caller, thing, voucher));
                    }

                    text.AppendLine(CultureInfo.InvariantCulture, $"| `{service.Name}/{method.Name}` | {thing.Name} | {string.Join(" | ", cells)} |");
                }
            }
        }

        mine.CaseId.ShouldBe(own.CaseId);
    }

    private static async Task<string> Call(GrpcChannel channel, MethodDescriptor method, Actor actor, Thing thing, string voucher)
    {
        var request = (IMessage)Activator.CreateInstance(method.InputType.ClrType)!;
        foreach (var (field, value) in new[] { ("case_id", thing.CaseId), ("document_id", thing.DocumentId), ("request_id", Guid.CreateVersion7().ToString()) })
        {
            method.InputType.FindFieldByName(field)?.Accessor.SetValue(request, value);
        }

        var bytes = Marshallers.Create<byte[]>(b => b, b => b);
        var type = (method.IsClientStreaming, method.IsServerStreaming) switch
        {
            (true, true) => MethodType.DuplexStreaming,
            (true, false) => MethodType.ClientStreaming,
            (false, true) => MethodType.ServerStreaming,
            _ => MethodType.Unary,
        };
        var called = new Method<byte[], byte[]>(type, method.Service.FullName, method.Name, bytes, bytes);
        var headers = new Metadata { { "service-authorization", $"Bearer {voucher}" } };
        if (actor.Token is { } token)
        {
            headers.Add("authorization", $"Bearer {token}");
        }

        var options = new CallOptions(headers, TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(20));
        try
        {
            switch (type)
            {
                case MethodType.Unary:
                    await channel.CreateCallInvoker().AsyncUnaryCall(called, null, options, request.ToByteArray());
                    break;
                case MethodType.ServerStreaming:
                    using (var call = channel.CreateCallInvoker().AsyncServerStreamingCall(called, null, options, request.ToByteArray()))
                    {
                        await call.ResponseStream.MoveNext(CancellationToken.None);
                    }

                    break;
                default:
                    using (var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(called, null, options))
                    {
                        await call.RequestStream.CompleteAsync();
                        await call.ResponseStream.MoveNext(CancellationToken.None);
                    }

                    break;
            }

            return "OK";
        }
        catch (RpcException refused)
        {
            refused.StatusCode.ShouldNotBe(StatusCode.Unknown, $"{actor.Name}: {method.FullName}");
            return refused.StatusCode.ToString();
        }
    }

    private static async Task Compare(string table)
    {
        var page = await File.ReadAllTextAsync(Page);
        var (from, to) = (page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, page.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(Page, $"{page[..from]}\n\n{table.Trim()}\n\n{page[to..]}");
            return;
        }

        var (written, seen) = (page[from..to].Trim().Split('\n'), table.Trim().Split('\n'));
        seen.Except(written)
            .ShouldBeEmpty("the system answers otherwise than docs/security.md says (UPDATE_GOLDEN=1 writes it anew: read the difference first)");
        written.Except(seen).ShouldBeEmpty("docs/security.md has rows that the system has not");
    }
}
