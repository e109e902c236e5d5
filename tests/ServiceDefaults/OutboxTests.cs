using Dapper;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Telemetry;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>Facts leave the outbox once each, in order per aggregate, and nothing stops them for good.</summary>
public sealed class OutboxTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private readonly ServiceUnderTest<Program> _probe = fixture.Probe;

    private static CaseStateChanged Move(Guid id, int sequence) =>
        new() { CaseId = id, Sequence = sequence, From = "draft", To = "submitted", ChangedAt = DateTimeOffset.UnixEpoch };

    [Fact]
    public async Task Two_relays_on_one_outbox_send_every_row_once()
    {
        var ids = Enumerable.Range(0, 500).Select(_ => Guid.CreateVersion7()).ToHashSet();
        var relays = Enumerable.Range(0, 2).Select(_ => new OutboxRelay(
            _probe.Data, _probe.Services.GetRequiredService<IBus>(), _probe.Services.GetRequiredService<ServiceMetrics>(),
            _probe.Services.GetRequiredService<BackgroundJobs>(), NullLogger<OutboxRelay>.Instance)).ToList();
        foreach (var relay in relays)
        {
            await relay.StartAsync(TestContext.Current.CancellationToken);
        }

        await Task.WhenAll(ids.Chunk(50).Select(chunk => _probe.Data.InTransaction(async db =>
        {
            foreach (var id in chunk)
            {
                await Outbox.Publish(db, id, Move(id, 1));
            }
        })));
        await Eventually.True(() => _probe.Broker.Heard<CaseStateChanged>().Count(m => ids.Contains(m.CaseId)) >= ids.Count, "all are heard");
        await Eventually.True(async () => await Waiting(ids) == 0, "the outbox is empty");
        foreach (var relay in relays)
        {
            await relay.StopAsync(TestContext.Current.CancellationToken);
        }

        _probe.Broker.Heard<CaseStateChanged>().Where(m => ids.Contains(m.CaseId)).GroupBy(m => m.CaseId).ShouldAllBe(copies => copies.Count() == 1);
    }

    [Fact]
    public async Task Events_of_one_aggregate_leave_in_the_order_in_which_they_were_written()
    {
        var id = Guid.CreateVersion7();
        for (var batch = 0; batch < 10; batch++)
        {
            await _probe.Data.InTransaction(async db =>
            {
                for (var i = 1; i <= 10; i++)
                {
                    await Outbox.Publish(db, id, Move(id, batch * 10 + i));
                }
            });
        }

        await Eventually.True(() => _probe.Broker.Heard<CaseStateChanged>().Count(m => m.CaseId == id) == 100, "all hundred are heard");
        // The ear handles several at a time, so arrival may swap neighbours; the relay's order is in the message ids' sending order.
        var order = _probe.Broker.Heard<CaseStateChanged>().Where(m => m.CaseId == id).Select(m => m.Sequence).ToList();
        order.Select((sequence, i) => Math.Abs(sequence - (i + 1))).Max().ShouldBeLessThan(20);
    }

    [Fact]
    public async Task A_slow_transactions_row_is_sent_although_later_rows_went_before_it()
    {
        var (slow, fast) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var db = await _probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await db.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await Outbox.Publish(db, slow, Move(slow, 1));
        await _probe.Data.InTransaction(other => Outbox.Publish(other, fast, Move(fast, 1)));
        await _probe.Broker.Next<CaseStateChanged>(m => m.CaseId == fast);

        await transaction.CommitAsync(TestContext.Current.CancellationToken);

        await _probe.Broker.Next<CaseStateChanged>(m => m.CaseId == slow);
    }

    [Fact]
    public async Task A_row_that_can_never_be_sent_is_parked_and_the_others_go_on()
    {
        var (poison, sound) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var db = await _probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await db.ExecuteAsync(
            "insert into outbox (message_id, aggregate_id, message_type, body, attempts) values (@Id, @poison, 'SecondOpinion.Contracts.NoSuchEvent', '{}', "
                + "5); notify outbox",
            new { Id = Guid.CreateVersion7(), poison });
        await _probe.Data.InTransaction(other => Outbox.Publish(other, sound, Move(sound, 1)));

        await _probe.Broker.Next<CaseStateChanged>(m => m.CaseId == sound);
        await Eventually.True(
            async () => await db.ExecuteScalarAsync<bool>("select parked_at is not null from outbox where aggregate_id = @poison", new { poison }),
            "the poison row is parked");
    }

    [Fact]
    public async Task What_rolls_back_is_never_sent()
    {
        var (undone, done) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await Should.ThrowAsync<InvalidOperationException>(_probe.Data.InTransaction(async db =>
        {
            await Outbox.Publish(db, undone, Move(undone, 1));
            throw new InvalidOperationException("the effect failed");
        }));
        await _probe.Data.InTransaction(db => Outbox.Publish(db, done, Move(done, 1)));
        await _probe.Broker.Next<CaseStateChanged>(m => m.CaseId == done);
        _probe.Broker.Heard<CaseStateChanged>().ShouldNotContain(m => m.CaseId == undone);
    }

    /// <summary>As after a restore: the broker is empty, and the database is of a moment at which its queues were not.</summary>
    [Fact]
    public async Task What_was_sent_since_a_moment_is_sent_again_under_its_number_and_in_its_order()
    {
        var (old, id) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await _probe.Data.InTransaction(db => Outbox.Publish(db, old, Move(old, 1)));
        await _probe.Data.InTransaction(async db =>
        {
            await Outbox.Publish(db, id, Move(id, 1));
            await Outbox.Publish(db, id, Move(id, 2));
        });
        await Eventually.True(async () => await Waiting([old, id]) == 0, "all have left");
        await using var look = await _probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var before = await look.QueryAsync<(long, Guid)>("select id, message_id from outbox_sent where aggregate_id = @id order by id", new { id });
        await look.ExecuteAsync("update outbox_sent set sent_at = now() - interval '2 hours' where aggregate_id = @old", new { old });

        var again = new ResendSent(
            _probe.Data, _probe.Services.GetRequiredService<OutboxRelay>(), new OutboxSettings { ResendSince = DateTimeOffset.UtcNow.AddHours(-1) },
            _probe.Services.GetRequiredService<BackgroundJobs>(), NullLogger<ResendSent>.Instance);
        await again.StartAsync(TestContext.Current.CancellationToken);

        await Eventually.True(() => _probe.Broker.Heard<CaseStateChanged>().Count(m => m.CaseId == id) == 4, "both came twice");
        await Eventually.True(async () => await Waiting([old, id]) == 0, "all have left again");
        _probe.Broker.Heard<CaseStateChanged>().Count(m => m.CaseId == old).ShouldBe(1, "it left before");
        (await look.QueryAsync<(long, Guid)>("select id, message_id from outbox_sent where aggregate_id = @id order by id", new { id })).ShouldBe(before);
    }

    [Fact]
    public async Task What_was_sent_is_forgotten_after_three_days()
    {
        await using var db = await _probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await db.ExecuteAsync(
            """
            insert into outbox_sent (id, message_id, aggregate_id, message_type, body, created_at, sent_at)
            select -days, gen_random_uuid(), gen_random_uuid(), 'any', '{}', now(), now() - days * interval '1 day' from unnest('{2,4}'::int[]) as days
            """);
        var relay = new OutboxRelay(
            _probe.Data, _probe.Services.GetRequiredService<IBus>(), _probe.Services.GetRequiredService<ServiceMetrics>(),
            _probe.Services.GetRequiredService<BackgroundJobs>(), NullLogger<OutboxRelay>.Instance);

        await relay.StartAsync(TestContext.Current.CancellationToken);

        await Eventually.True(async () => !await db.ExecuteScalarAsync<bool>("select exists (select from outbox_sent where id = -4)"), "the older one is gone");
        (await db.ExecuteScalarAsync<bool>("select exists (select from outbox_sent where id = -2)")).ShouldBeTrue();
        await relay.StopAsync(TestContext.Current.CancellationToken);
    }

    private async Task<int> Waiting(HashSet<Guid> ids)
    {
        await using var db = await _probe.Data.OpenConnectionAsync();
        return await db.ExecuteScalarAsync<int>("select count(*) from outbox where aggregate_id = any(@Ids)", new { Ids = ids.ToArray() });
    }
}

/// <summary>With a broker that is not there, or to which nobody listens.</summary>
public sealed class OutboxWithoutBrokerTests
{
    [Fact]
    public async Task A_request_is_answered_while_the_broker_is_away_and_its_event_leaves_when_it_is_back()
    {
        await using var probe = await ServiceUnderTest<Program>.Start("probe");
        await probe.Stop();
        await probe.Start(new Dictionary<string, string?> { ["ConnectionStrings:rabbitmq"] = "amqp://guest:guest@127.0.0.1:1" }, mustBeReady: false);
        using var answer = await probe.Http(TestTokens.Patient(Guid.CreateVersion7())).PostThing("while away", Guid.CreateVersion7().ToString());
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.Created);
        (await probe.Http().GetAsync("/health", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(System.Net.HttpStatusCode.ServiceUnavailable);
        (await probe.Http().GetAsync("/alive", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
        probe.Broker.Heard<CaseWithdrawn>().ShouldBeEmpty();

        await probe.Stop();
        await probe.Start(new Dictionary<string, string?> { ["ConnectionStrings:rabbitmq"] = probe.Broker.Address.AbsoluteUri });

        await probe.Broker.Next<CaseWithdrawn>();
    }

    [Fact]
    public async Task An_event_that_no_queue_takes_is_kept_until_one_does()
    {
        await using var probe = await ServiceUnderTest<Program>.Start("probe", broker: await TestBroker.Start(listens: false));
        var id = Guid.CreateVersion7();
        await probe.Data.InTransaction(
            db =>
                Outbox.Publish(
                    db, id, new CaseStateChanged { CaseId = id, Sequence = 1, From = "draft", To = "submitted", ChangedAt = DateTimeOffset.UnixEpoch }));
        await using var connection = await probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await Eventually.True(
            async () =>
                await connection.ExecuteScalarAsync<string?>("select last_error from outbox where aggregate_id = @id", new { id }) == nameof(
                    MessageReturnedException),
            "the broker gives it back");

        await probe.Broker.Listen();

        (await probe.Broker.Next<CaseStateChanged>(limit: TimeSpan.FromSeconds(60))).CaseId.ShouldBe(id);
    }
}
