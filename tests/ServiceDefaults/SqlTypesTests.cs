using System.Text.Json.Serialization;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>How moments, dates and lists stand between SQL and positional records.</summary>
public sealed class SqlTypesTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private sealed record Row(DateTimeOffset At, DateTimeOffset? Never, DateOnly Day, string[] Codes, string[]? None);

    private NpgsqlDataSource Data => fixture.Probe.Data;

    [Fact]
    public async Task A_moment_of_any_offset_comes_back_as_the_same_moment_in_UTC()
    {
        SqlTypes.Map(typeof(SqlTypesTests).Assembly);
        var paris = new DateTimeOffset(2026, 7, 14, 1, 30, 0, TimeSpan.FromHours(2));
        await using var db = await Data.OpenConnectionAsync(TestContext.Current.CancellationToken);

        var row = await db.QuerySingleAsync<Row>(
            "select @At as at, @Never::timestamptz as never, @Day as day, @Codes as codes, @None::text[] as none",
            new { At = paris, Never = (DateTimeOffset?)null, Day = new DateOnly(2026, 7, 14), Codes = new[] { "a", "b" }, None = (string[]?)null });

        row.At.ShouldBe(paris);
        row.At.Offset.ShouldBe(TimeSpan.Zero);
        row.Never.ShouldBeNull();
        row.Day.ShouldBe(new DateOnly(2026, 7, 14));
        row.Codes.ShouldBe(["a", "b"]);
        row.None.ShouldBeNull();
        (await db.ExecuteScalarAsync<DateTimeOffset>("select @At", new { At = paris })).ShouldBe(paris);
        (await db.ExecuteScalarAsync<DateTimeOffset?>("select null::timestamptz")).ShouldBeNull();
    }

    [Fact]
    public async Task A_missing_moment_needs_no_cast_in_SQL()
    {
        SqlTypes.Map(typeof(SqlTypesTests).Assembly);
        await using var db = await Data.OpenConnectionAsync(TestContext.Current.CancellationToken);

        (await db.ExecuteScalarAsync<bool>("select @At is null", new { At = (DateTimeOffset?)null })).ShouldBeTrue();
    }

    [Fact]
    public async Task The_beginning_of_time_is_before_every_moment()
    {
        SqlTypes.Map(typeof(SqlTypesTests).Assembly);
        await using var db = await Data.OpenConnectionAsync(TestContext.Current.CancellationToken);

        (await db.ExecuteScalarAsync<DateTimeOffset>("select '-infinity'::timestamptz")).ShouldBe(DateTimeOffset.MinValue);
    }

    private enum Phase
    {
        Waiting,
        InFlight,
        [JsonStringEnumMemberName("not_my_field")]
        Other,
    }

    private sealed record Phased(Word<Phase> Now, Word<Phase>? Before, Word<Phase>? Next);

    [Fact]
    public async Task A_state_is_a_word_in_the_database_and_an_enum_in_the_row()
    {
        SqlTypes.Map(typeof(SqlTypesTests).Assembly);
        await using var db = await Data.OpenConnectionAsync(TestContext.Current.CancellationToken);

        var row = await db.QuerySingleAsync<Phased>(
            "select @Now as now, @Before as before, @Next::text as next",
            new { Now = (Word<Phase>)Phase.InFlight, Before = (Word<Phase>?)Phase.Other, Next = (Word<Phase>?)null });

        row.ShouldBe(new Phased(Phase.InFlight, Phase.Other, null));
        (await db.ExecuteScalarAsync<string>("select @Now", new { Now = (Word<Phase>)Phase.InFlight })).ShouldBe("in_flight");
        Words.All<Phase>().ShouldBe(["waiting", "in_flight", "not_my_field"]);
        await Should.ThrowAsync<Exception>(() => db.QuerySingleAsync<Phased>("select 'lost' as now, null::text as before, null::text as next"));
    }

    [Theory]
    [InlineData("2026-03-28T22:59:59Z", "2026-03-28", "2026-03-27T23:00:00Z")]
    [InlineData("2026-03-28T23:00:00Z", "2026-03-29", "2026-03-28T23:00:00Z")]
    [InlineData("2026-03-29T22:00:00Z", "2026-03-30", "2026-03-29T22:00:00Z")]
    [InlineData("2026-10-25T22:59:59Z", "2026-10-25", "2026-10-24T22:00:00Z")]
    public void A_day_begins_and_ends_in_Paris_also_when_the_clocks_change(string moment, string day, string midnight)
    {
        var found = FrenchTime.Day(DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture));

        found.ShouldBe(DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture));
        FrenchTime.Midnight(found).ShouldBe(DateTimeOffset.Parse(midnight, System.Globalization.CultureInfo.InvariantCulture));
        FrenchTime.Midnight(found).Offset.ShouldBe(TimeSpan.Zero);
    }
}
