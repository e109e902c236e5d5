using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Dapper;
using MassTransit;
using Npgsql;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Reporting;

public sealed class EventLogTests(ReportingFixture reporting) : IClassFixture<ReportingFixture>
{
    [Fact]
    public void Every_event_of_the_contracts_has_a_consumer_here()
    {
        var consumed = typeof(Program).Assembly.GetTypes().SelectMany(t => t.GetInterfaces())
            .Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IHandle<>)).Select(i => i.GetGenericArguments()[0]).ToList();
        TestBroker.Events.ShouldAllBe(e => consumed.Contains(e));
    }

    [Fact]
    public async Task Every_event_of_the_contracts_is_received_and_kept_as_it_came()
    {
        // An instance of each, without running its constructor: a consumer that is written but not registered would keep nothing.
        var messages = TestBroker.Events.Select(type =>
        {
            var message = RuntimeHelpers.GetUninitializedObject(type);
            foreach (var property in type.GetProperties())
            {
                property.SetValue(message, Sample(property.PropertyType));
            }

            return (Event: message, Id: Guid.CreateVersion7());
        }).ToList();
        await reporting.Publish(messages.Select(m => (m.Event, m.Id)));

        await using var db = await reporting.Service.Data.OpenConnectionAsync();
        foreach (var (message, id) in messages)
        {
            var (name, body) = await db.QuerySingleAsync<(string, string)>("select event, body::text from event_log where message_id = @id", new { id });
            name.ShouldBe(((EntityNameAttribute)Attribute.GetCustomAttribute(message.GetType(), typeof(EntityNameAttribute))!).EntityName);
            var kept = JsonSerializer.Deserialize(body, message.GetType(), JsonSerializerOptions.Web);
            JsonSerializer.Serialize(kept).ShouldBe(JsonSerializer.Serialize(message, message.GetType()));
        }
    }

    [Fact]
    public async Task The_events_of_a_case_are_told_in_order_with_their_traces()
    {
        var caseId = Guid.CreateVersion7();
        var story = Story.Delivered(caseId);
        await reporting.Publish([.. story.Reverse()]);
        var answer = await reporting.Ops.GetAsync($"/api/v1/reports/cases/{caseId}/events");
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var events = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("events").EnumerateArray().ToList();
        events.Count.ShouldBe(story.Count);
        events.Select(e => e.GetProperty("occurredAt").GetDateTimeOffset()).ShouldBeInOrder();
        events[0].GetProperty("name").GetString().ShouldBe("intake.case-opened.v1");
        events[^1].GetProperty("occurredAt").GetDateTimeOffset().ShouldBe(Story.Monday.AddHours(74));
        events.ShouldAllBe(e => e.GetProperty("traceId").GetString()!.Length == 32);
        events[0].GetProperty("body").GetProperty("pathologyCode").GetString().ShouldBe("endometriose");
        (await reporting.Count(
            "select count(*) from audit_record where object_id = @id and action = 'read' and actor_role = 'ops'", new { id = caseId.ToString() })).ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_an_erased_case_no_trait_of_a_person_stays_whichever_event_comes_last(bool erasedFirst)
    {
        var (erased, kept) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await reporting.Publish([.. Story.Delivered(kept), Story.Told(kept)]);
        IReadOnlyList<object> story = [.. Story.Delivered(erased), Story.Told(erased)];
        CaseErased[] end = [new() { CaseId = erased, Reason = "patient", ErasedAt = Story.Monday.AddDays(9) }];
        foreach (var events in erasedFirst ? (IEnumerable<object>[])[end, story] : [story, end])
        {
            await reporting.Publish([.. events]);
        }

        const string Traits =
            """
            select (select count(*) from event_log
              where case_id = @id and (body ->> 'departmentCode' is not null or body ->> 'missionCategory' is not null or body ->> 'disability' is not null))
              + (select count(*) from case_fact where case_id = @id
                and num_nonnulls(department_code, mission_category, pcs_group, disability, heard_from, treating_physician_aware, social_at) > 0)
            """;
        (await reporting.Count(Traits, new { id = kept })).ShouldBeGreaterThan(1);
        (await reporting.Count(Traits, new { id = erased })).ShouldBe(0);
        // What counts stays.
        (await reporting.Count("select count(*) from case_fact where case_id = @erased and delivered_at is not null", new { erased })).ShouldBe(1);
        await using var db = await reporting.Service.Data.OpenConnectionAsync();
        await Should.ThrowAsync<PostgresException>(() => db.ExecuteAsync(
            "select set_config('reporting.forgetting', @kept, false); update event_log set body = '{}' where case_id = @kept::uuid",
            new { kept = kept.ToString() }));
    }

    [Fact]
    public async Task An_unknown_case_is_absent()
    {
        (await reporting.Ops.GetAsync($"/api/v1/reports/cases/{Guid.CreateVersion7()}/events")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("update event_log set event = 'x'")]
    [InlineData("delete from event_log")]
    [InlineData("truncate event_log")]
    public async Task The_log_cannot_be_changed_by_sql(string sql)
    {
        await reporting.Publish([.. Story.Delivered(Guid.CreateVersion7()).Take(1)]);
        await using var db = await reporting.Service.Data.OpenConnectionAsync();
        (await Should.ThrowAsync<PostgresException>(() => db.ExecuteAsync(sql))).MessageText.ShouldContain("append-only");
    }

    [Theory]
    [InlineData("/api/v1/reports/indicators", "ops council")]
    [InlineData("/api/v1/reports/cases/019a0000-0000-7000-8000-000000000000/events", "ops")]
    public async Task Only_these_roles_may_read(string path, string allowed)
    {
        (await reporting.Service.Http().GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        foreach (var role in Roles.All)
        {
            var status = (await reporting.Service.Http(TestTokens.Of(role)).GetAsync(path)).StatusCode;
            (status == HttpStatusCode.Forbidden).ShouldBe(!allowed.Split(' ').Contains(role), role);
        }
    }

    private static object? Sample(Type type) => type switch
    {
        _ when type == typeof(string) => "code",
        _ when type == typeof(string[]) => new[] { "code" },
        _ when type == typeof(Guid[]) => new[] { Guid.CreateVersion7() },
        _ when Nullable.GetUnderlyingType(type) is { } inner => Sample(inner),
        _ when type == typeof(Guid) => Guid.CreateVersion7(),
        _ when type == typeof(DateTimeOffset) => Story.Monday,
        _ when type == typeof(int) => 1,
        _ when type == typeof(long) => 1L,
        _ when type == typeof(bool) => true,
        _ => throw new NotSupportedException($"Say what a sample {type.Name} is."),
    };
}
