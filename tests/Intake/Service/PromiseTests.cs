using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>What the alert on the seven days watches.</summary>
public sealed class PromiseTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    [Fact]
    public async Task An_opinion_is_counted_once_by_whether_the_seven_days_were_kept()
    {
        var counted = new ConcurrentQueue<object?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument is { Name: "opinions.delivered", Meter.Name: "secondopinion.intake" })
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => counted.Enqueue(tags[0].Value));
        listener.Start();

        await Deliver(1);
        await Eventually.True(() => counted.Count == 1, "it is counted");
        counted.ShouldBe([true]);
        await Deliver(8);
        await Eventually.True(() => counted.Count == 2, "the late one is counted");
        counted.ShouldBe([true, false]);
    }

    private async Task Deliver(int days)
    {
        var id = await intake.Patient().Complete();
        await intake.Assign(id);
        var delivered = new OpinionDelivered
        {
            OpinionId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = IntakeFixture.Expert.PhysicianId,
            Version = 1,
            DeliveredAt = TimeProvider.System.GetUtcNow().AddDays(days),
        };
        var messageId = Guid.CreateVersion7();
        await intake.Service.Broker.Publish(delivered, messageId);
        await intake.Service.Broker.Publish(delivered, messageId);
        await Eventually.True(async () => await intake.State(id) == "delivered", "the opinion is delivered");
    }
}
