using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using Dapper;
using SecondOpinion.Contracts.Billing;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Reporting;

/// <summary>The real reporting service; each test class has its own, with its own database and virtual host.</summary>
public sealed class ReportingFixture : IAsyncLifetime
{
    private static readonly MethodInfo PublishOf = typeof(TestBroker).GetMethod(nameof(TestBroker.Publish))!;

    public ServiceUnderTest<Program> Service { get; private set; } = null!;

    public HttpClient Ops { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Service = await ServiceUnderTest<Program>.Start("reporting");
        Ops = Service.Http(TestTokens.Of(Roles.Ops));
    }

    public ValueTask DisposeAsync() => Service.DisposeAsync();

    /// <summary>Publishes events of any type, each with the message id given, and waits until the log holds them all.</summary>
    public async Task Publish(IEnumerable<(object Event, Guid MessageId)> events)
    {
        var ids = new HashSet<Guid>();
        foreach (var (message, id) in events)
        {
            await (Task)PublishOf.MakeGenericMethod(message.GetType()).Invoke(Service.Broker, [message, (Guid?)id])!;
            ids.Add(id);
        }

        await Eventually.True(
            async () => await Count("select count(*) from event_log where message_id = any(@ids)", new { ids = ids.ToArray() }) == ids.Count,
            $"{ids.Count} messages are in the log");
    }

    /// <summary>The same for thousands: many at a time, in any order, and as often as they are given.</summary>
    public async Task PublishMany(IReadOnlyList<(object Event, Guid MessageId)> events)
    {
        await Parallel.ForEachAsync(events, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (e, _) =>
            await (Task)PublishOf.MakeGenericMethod(e.Event.GetType()).Invoke(Service.Broker, [e.Event, (Guid?)e.MessageId])!);
        var ids = events.Select(e => e.MessageId).Distinct().ToArray();
        await Eventually.True(
            async () => await Count("select count(*) from event_log where message_id = any(@ids)", new { ids }) == ids.Length,
            $"{ids.Length} messages are in the log", TimeSpan.FromMinutes(8));
    }

    public Task Publish(params object[] events) => Publish(events.Select(e => (e, Guid.CreateVersion7())));

    public async Task<long> Count(string sql, object? parameters = null)
    {
        await using var db = await Service.Data.OpenConnectionAsync();
        return await db.ExecuteScalarAsync<long>(sql, parameters);
    }

    public async Task<JsonElement> Indicators(string query = "") => await Ops.GetFromJsonAsync<JsonElement>($"/api/v1/reports/indicators{query}");
}

/// <summary>The events of one whole case, as the five services would publish them.</summary>
internal static class Story
{
    public static readonly DateTimeOffset Monday = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Opened Monday 9:00, submitted 10:00, complete 11:00, a question of 12 hours on Tuesday, delivered Thursday 11:00: 72 h, of which 60 on the clock.
    /// </summary>
    public static IReadOnlyList<object> Delivered(Guid caseId, string? department = "18", string diagnosis = "confirmed", string treatment = "confirmed")
    {
        var (insurer, physician, offer, request, opinion) =
            (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var complete = Monday.AddHours(2);
        var sequence = 0;

        CaseStateChanged Moved(string from, string to, double hours) =>
            new() { CaseId = caseId, Sequence = ++sequence, From = from, To = to, ChangedAt = Monday.AddHours(hours) };

        return
        [
            new CaseOpened
            {
                CaseId = caseId,
                PathologyCode = "endometriose",
                InsurerId = insurer,
                Coverage = "covered",
                RequestedBy = "patient",
                DepartmentCode = department,
                OpenedAt = Monday,
            },
            new ConsentChanged { CaseId = caseId, Purpose = "processing", Granted = true, ChangedAt = Monday.AddMinutes(5) },
            Moved("draft", "submitted", 1),
            new CoverageReserved { CaseId = caseId, InsurerId = insurer, EngagementNumber = "ENG-1", ReservedAt = Monday.AddHours(1) },
            Moved("submitted", "complete", 2),
            new CaseCompleted
            {
                CaseId = caseId,
                PathologyCode = "endometriose",
                SpecialtyCode = "SM20",
                TreatingEstablishment = null,
                SubmittedAt = Monday.AddHours(1),
                CompletedAt = complete,
                DueAt = complete.AddDays(7),
            },
            new CaseOffered
            {
                OfferId = offer,
                CaseId = caseId,
                PhysicianId = physician,
                PathologyCode = "endometriose",
                Rank = 1,
                OfferedAt = Monday.AddHours(3),
                ExpiresAt = Monday.AddHours(27),
                DueAt = complete.AddDays(7),
            },
            Moved("complete", "offered", 3),
            new OfferAccepted { OfferId = offer, CaseId = caseId, PhysicianId = physician, AcceptedAt = Monday.AddHours(4) },
            new CaseAssigned { OfferId = offer, CaseId = caseId, PhysicianId = physician, AssignedAt = Monday.AddHours(4) },
            Moved("offered", "assigned", 4),
            new InformationRequested { RequestId = request, CaseId = caseId, PhysicianId = physician, RequestedAt = Monday.AddHours(24) },
            Moved("assigned", "awaiting_information", 24),
            new InformationProvided
            {
                RequestId = request,
                CaseId = caseId,
                PhysicianId = physician,
                DueAt = complete.AddDays(7).AddHours(12),
                ProvidedAt = Monday.AddHours(36),
            },
            Moved("awaiting_information", "assigned", 36),
            new OpinionDelivered { OpinionId = opinion, CaseId = caseId, PhysicianId = physician, Version = 1, DeliveredAt = Monday.AddHours(74) },
            new OpinionOutcomeRecorded
            {
                OpinionId = opinion,
                CaseId = caseId,
                Version = 1,
                PathologyCode = "endometriose",
                Diagnosis = diagnosis,
                Treatment = treatment,
                Impact = "none",
                RecordedAt = Monday.AddHours(74),
            },
            Moved("assigned", "delivered", 74),
            new OpinionBooked { CaseId = caseId, InsurerId = insurer, ReceivableCents = 29500, PayableCents = 12000, BookedAt = Monday.AddHours(74) },
        ];
    }

    /// <summary>What a patient told of themselves two hours later.</summary>
    public static SocialFactsTold Told(Guid caseId) => new()
    {
        CaseId = caseId,
        DepartmentCode = "18",
        PcsGroup = "5",
        MissionCategory = "employee",
        MappingVersion = 1,
        Disability = "yes",
        HeardFrom = "physician",
        TreatingPhysicianAware = "no",
        Reason = "clarify_diagnosis",
        Timing = null,
        ToldAt = Monday.AddHours(2),
    };
}
