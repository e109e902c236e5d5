using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using RabbitMQ.Client;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>What was given up is kept, told, and brought back by whoever may.</summary>
public sealed class DeadLetterTests
{
    private const string QueueName = "probe-count-withdrawals";
    private static readonly TimeSpan AllTries = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_permanent_fault_ends_in_the_dead_queue_is_told_and_comes_back_by_message_by_age_and_by_queue()
    {
        var fails = Guid.CreateVersion7();
        await using var probe = await ServiceUnderTest<Program>.Start("probe", new Dictionary<string, string?> { ["Probe:Fails"] = fails.ToString() });
        var messages = Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7()).ToList();
        foreach (var messageId in messages)
        {
            await probe.Broker.Publish(new CaseWithdrawn { CaseId = fails, WithdrawnAt = DateTimeOffset.UnixEpoch }, messageId);
        }

        using var ops = probe.Http(TestTokens.Of(Roles.Ops));
        await Eventually.True(async () => (await State(ops)).Dead == 3, "all three are given up", AllTries);

        var listed = await ops.GetFromJsonAsync<JsonElement>($"/dead-letters/{QueueName}");
        listed.EnumerateArray().Select(l => l.GetProperty("messageId").GetGuid()).Order().ShouldBe(messages.Order());
        listed[0].GetProperty("event").GetString().ShouldBe("intake:case-withdrawn:v1");
        listed[0].GetProperty("reason").GetString().ShouldBe(nameof(InvalidOperationException));
        listed.GetRawText().ShouldNotContain("secret detail");
        (await State(ops)).Dead.ShouldBe(3, "looking takes nothing away");

        await Eventually.True(async () =>
            (await Health(ops)).Contains($"{QueueName} has 3 dead messages", StringComparison.Ordinal), "the health check names it");
        using (var anybody = probe.Http())
        {
            (await anybody.GetStringAsync("/health")).ShouldBe("Degraded");
        }

        // The cause is mended.
        await probe.Stop();
        await probe.Start(new Dictionary<string, string?> { ["Probe:Fails"] = Guid.Empty.ToString() });
        using var again = probe.Http(TestTokens.Of(Roles.Ops));
        (await Redrive(again, new { messageId = messages[1] })).ShouldBe(1);
        (await Redrive(again, new { messageId = messages[1] })).ShouldBe(0);
        (await State(again)).Dead.ShouldBe(2);
        (await Redrive(again, new { queue = QueueName, diedBefore = DateTimeOffset.UnixEpoch })).ShouldBe(0);
        (await Redrive(again, new { diedBefore = TimeProvider.System.GetUtcNow().AddMinutes(1), messageId = messages[0] })).ShouldBe(1);
        (await Redrive(again, new { queue = QueueName })).ShouldBe(1);
        await using var db = await probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await Eventually.True(async () =>
            await db.ExecuteScalarAsync<int>("select count(*) from withdrawal where case_id = @fails", new { fails }) == 3, "each had its effect");
        (await db.QueryAsync<Guid>("select object_id::uuid from audit_record where action = 'redrive' and actor_role = 'ops'")).Order().ShouldBe(
            messages.Order());
        await Eventually.True(async () => !(await Health(again)).Contains("dead messages", StringComparison.Ordinal), "all is well again");
    }

    [Fact]
    public async Task A_copy_of_what_had_its_effect_has_none_when_it_is_brought_back()
    {
        await using var probe = await ServiceUnderTest<Program>.Start("probe");
        var (id, messageId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await probe.Broker.Publish(new CaseWithdrawn { CaseId = id, WithdrawnAt = DateTimeOffset.UnixEpoch }, messageId);
        await using var db = await probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await Eventually.True(async () => await Effects() == 1, "it had its effect");
        await using var link = new BrokerLink(probe.Broker.Address);
        await PutInto(link, QueueName + "_dead", id, messageId);

        using var ops = probe.Http(TestTokens.Of(Roles.Ops));
        (await Redrive(ops, new { queue = QueueName })).ShouldBe(1);

        await Eventually.True(async () => (await link.Look(QueueName, default))!.MessageCount == 0
            && (await link.Look(QueueName + "_dead", default))!.MessageCount == 0, "it went round");
        (await Effects()).ShouldBe(1);

        Task<int> Effects() => db.ExecuteScalarAsync<int>("select count(*) from withdrawal where case_id = @id", new { id });
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("age")]
    [InlineData("message")]
    public async Task A_parked_event_is_tried_again_when_it_is_asked_for_and_not_for_another(string by)
    {
        await using var probe = await ServiceUnderTest<Program>.Start("probe");
        var (id, messageId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var db = await probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await db.ExecuteAsync(
            "insert into outbox (message_id, aggregate_id, message_type, body, parked_at) values (@Id, @id, @Type, @Body, now() - interval '2 hours')",
            new
            {
                Id = messageId,
                id,
                Type = typeof(CaseWithdrawn).FullName,
                Body = JsonSerializer.Serialize(new { caseId = id, withdrawnAt = DateTimeOffset.UnixEpoch })
            });
        using var ops = probe.Http(TestTokens.Of(Roles.Ops));
        (await ops.GetFromJsonAsync<JsonElement>("/dead-letters")).GetProperty("outboxParked").GetInt64().ShouldBe(1);
        var now = TimeProvider.System.GetUtcNow();
        var (another, mine) = by switch
        {
            "queue" => (new RedriveRequest(Queue: QueueName), new RedriveRequest(Queue: "probe-outbox")),
            "age" => (new RedriveRequest(DiedBefore: now.AddHours(-3)), new RedriveRequest(DiedBefore: now.AddHours(-1))),
            _ => (new RedriveRequest(MessageId: id), new RedriveRequest(MessageId: messageId)),
        };

        (await Parked(another)).ShouldBe(0);
        (await Parked(mine)).ShouldBe(1);
        await probe.Broker.Next<CaseWithdrawn>(m => m.CaseId == id);
        (await db.ExecuteScalarAsync<int>("select count(*) from audit_record where action = 'redrive'")).ShouldBe(1);

        async Task<int> Parked(RedriveRequest request)
        {
            using var answer = await ops.PostAsJsonAsync("/dead-letters/redrive", request);
            return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("parked").GetInt32();
        }
    }

    [Fact]
    public async Task Only_ops_may_look_and_bring_back_and_must_say_what()
    {
        await using var probe = await ServiceUnderTest<Program>.Start("probe");
        foreach (var role in Roles.All.Where(r => r != Roles.Ops))
        {
            using var other = probe.Http(TestTokens.Of(role));
            (await other.GetAsync("/dead-letters")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await other.GetAsync($"/dead-letters/{QueueName}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await other.PostAsJsonAsync("/dead-letters/redrive", new { queue = QueueName })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        using var ops = probe.Http(TestTokens.Of(Roles.Ops));
        (await ops.PostAsJsonAsync("/dead-letters/redrive", new { })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await ops.PostAsJsonAsync("/dead-letters/redrive", new { queue = "somebody-elses" })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await ops.GetAsync("/dead-letters/somebody-elses")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Queues_of_an_earlier_version_are_made_anew_and_keep_what_is_in_them()
    {
        await using var broker = await TestBroker.Start();
        await using var link = new BrokerLink(broker.Address);
        var (waiting, givenUp) = (Enumerable.Range(0, 25).Select(_ => Guid.CreateVersion7()).ToList(), Guid.CreateVersion7());
        await using (var channel = await link.Channel(default))
        {
            // As they were: no limit, no dead-lettering, the error queue with the same arguments.
            foreach (var name in (string[])[QueueName, QueueName + "_error"])
            {
                await channel.ExchangeDeclareAsync(name, ExchangeType.Fanout, durable: true);
                await channel.QueueDeclareAsync(
                    name, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
                await channel.QueueBindAsync(name, name, "");
            }
        }

        foreach (var id in waiting)
        {
            await PutInto(link, QueueName, id, Guid.CreateVersion7());
        }

        await PutInto(link, QueueName + "_error", givenUp, Guid.CreateVersion7());

        await using var probe = await ServiceUnderTest<Program>.Start("probe", broker: broker);

        await using var db = await probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await Eventually.True(async () =>
            await db.ExecuteScalarAsync<int>("select count(*) from withdrawal") == waiting.Count, "what waited is handled", AllTries);
        (await db.QueryAsync<Guid>("select case_id from withdrawal")).Order().ShouldBe(waiting.Order());
        await Eventually.True(async () => await link.Look(QueueName + "_error", default) is null, "the former error queue is gone");
        await Eventually.True(async () => (await link.Look(QueueName + "_dead", default))?.MessageCount == 1, "what was in it is in the dead queue");
        (await link.Look(QueueName + "_aside", default)).ShouldBeNull();
        await using (var channel = await link.Channel(default))
        {
            // Throws when the arguments are others.
            await channel.QueueDeclareAsync(QueueName, durable: true, exclusive: false, autoDelete: false, new Dictionary<string,
                object?>(new Queue(QueueName).Arguments));
        }

        var later = Guid.CreateVersion7();
        await broker.Publish(new CaseWithdrawn { CaseId = later, WithdrawnAt = DateTimeOffset.UnixEpoch });
        await Eventually.True(async () =>
            await db.ExecuteScalarAsync<int>("select count(*) from withdrawal where case_id = @later", new { later }) == 1, "new messages come through it");
    }

    private static async Task PutInto(BrokerLink link, string exchange, Guid caseId, Guid messageId)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            messageId,
            messageType = new[] { "urn:message:intake:case-withdrawn:v1" },
            message = new { caseId, withdrawnAt = DateTimeOffset.UnixEpoch },
        });
        await using var channel = await link.Channel(default);
        await BrokerLink.Publish(
            channel, exchange, new BasicProperties { MessageId = messageId.ToString(), ContentType = "application/vnd.masstransit+json" }, body,
            new Dictionary<string, object?>(), default);
    }

    private static async Task<(long Waiting, long Dead)> State(HttpClient ops)
    {
        var queue = (await ops.GetFromJsonAsync<JsonElement>("/dead-letters")).GetProperty("queues")[0];
        return (queue.GetProperty("waiting").GetInt64(), queue.GetProperty("dead").GetInt64());
    }

    private static async Task<int> Redrive(HttpClient ops, object request)
    {
        using var answer = await ops.PostAsJsonAsync("/dead-letters/redrive", request);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("moved").GetArrayLength();
    }

    private static async Task<string> Health(HttpClient ops)
    {
        var detail = await ops.GetFromJsonAsync<JsonElement>("/health");
        return detail.GetProperty("checks").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "messages").GetProperty("says").GetString() ?? "";
    }
}
