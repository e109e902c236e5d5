using Dapper;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

public sealed class InboxTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private readonly ServiceUnderTest<Program> _probe = fixture.Probe;

    [Fact]
    public async Task A_message_that_comes_five_times_has_one_effect()
    {
        var (repeated, last) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var messageId = Guid.CreateVersion7();
        for (var i = 0; i < 5; i++)
        {
            await _probe.Broker.Publish(new CaseWithdrawn { CaseId = repeated, WithdrawnAt = DateTimeOffset.UnixEpoch }, messageId);
        }

        await _probe.Broker.Publish(new CaseWithdrawn { CaseId = last, WithdrawnAt = DateTimeOffset.UnixEpoch });
        await using var db = await _probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await Eventually.True(async () => await Effects(last) == 1, "the last message had its effect");
        await Eventually.True(() => _probe.Broker.All.Count(h => h.MessageId == messageId) == 5, "all five copies went round");

        (await Effects(repeated)).ShouldBe(1);

        Task<int> Effects(Guid id) => db.ExecuteScalarAsync<int>("select count(*) from withdrawal where case_id = @id", new { id });
    }

    [Fact]
    public async Task Two_messages_alike_are_two_facts()
    {
        var id = Guid.CreateVersion7();
        await _probe.Broker.Publish(new CaseWithdrawn { CaseId = id, WithdrawnAt = DateTimeOffset.UnixEpoch });
        await _probe.Broker.Publish(new CaseWithdrawn { CaseId = id, WithdrawnAt = DateTimeOffset.UnixEpoch });
        await using var db = await _probe.Data.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await Eventually.True(
            async () => await db.ExecuteScalarAsync<int>("select count(*) from withdrawal where case_id = @id", new { id }) == 2, "both had their effect");
    }
}
