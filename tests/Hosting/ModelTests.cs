using Aspire.Hosting.Running;

namespace SecondOpinion.Tests.Hosting;

public sealed class ModelTests
{
    [Theory]
    [InlineData("billing", true)]
    [InlineData("billing-db2", true)]
    [InlineData("2billing", false)]
    [InlineData("bill--ing", false)]
    [InlineData("billing-", false)]
    [InlineData("bil ling", false)]
    public void Resource_names_are_fit_for_variables_and_hosts(string name, bool valid)
    {
        var create = () => new ProjectResource(name);

        if (valid)
        {
            create().Name.ShouldBe(name);
        }
        else
        {
            Should.Throw<ArgumentException>(create);
        }
    }

    [Fact]
    public void A_name_is_used_once_whatever_its_case()
    {
        using var builder = Sample.Create();
        builder.AddShell("same", "true");

        Should.Throw<DistributedApplicationException>(() => builder.AddShell("SAME", "true"));
    }

    [Fact]
    public void An_endpoint_is_named_once()
    {
        using var builder = Sample.Create();

        Should.Throw<DistributedApplicationException>(() => builder.AddShell("web", "true").WithHttpEndpoint().WithHttpEndpoint());
    }

    [Fact]
    public async Task An_expression_keeps_braces_and_escapes_for_a_url_on_request()
    {
        using var builder = Sample.Create();
        var parameter = builder.AddParameter("word", "a/b c").Resource;

        var expression = ReferenceExpression.Create($"{{x}} {parameter} {parameter:uri}");

        (await expression.GetValueAsync(default)).ShouldBe("{x} a/b c a%2Fb%20c");
    }

    [Fact]
    public void A_bare_flag_means_true_and_does_not_swallow_the_next_argument() =>
        HostSettings.Expand(["--once", "--data", "x", "--port=1", "--last"]).ShouldBe(["--once=true", "--data", "x", "--port=1", "--last=true"]);

    [Theory]
    [InlineData("intake")]
    [InlineData("intake=0")]
    [InlineData("intake=many")]
    public void Replicas_are_name_and_count(string text) =>
        Should.Throw<DistributedApplicationException>(() => Sample.Create("--replicas", text)).Message.ShouldContain("intake=2,billing=2");

    [Fact]
    public async Task Replicas_of_something_unknown_are_refused()
    {
        await using var builder = Sample.Create("--replicas", "nobody=2");

        (await Should.ThrowAsync<DistributedApplicationException>(() => builder.StartAsync())).Message.ShouldContain("nobody");
    }

    [Theory]
    [InlineData("fail: X[0]", "Error")]
    [InlineData("crit: X[0]", "Error")]
    [InlineData("warn: X[0] text", "Warning")]
    [InlineData("info: X[0]", "Information")]
    [InlineData("dbug: X[0]", "Debug")]
    [InlineData("2026-11-22 11:41:49.893734+00:00 [warning] <0.507.0> HTTP listener", "Warning")]
    [InlineData("2026-11-22 11:41:49.893734+00:00 [error] <0.507.0> closing", "Error")]
    [InlineData("store FATAL:  the database system is starting up", "Error")]
    [InlineData("store ERROR:  duplicate key value violates unique constraint", "Information")]
    [InlineData("Unhandled exception. System.Exception: x", "Error")]
    [InlineData("12:00:01.002 warn: X[0] text", "Warning")]
    [InlineData("""{"EventId":0,"LogLevel":"Critical","Category":"X","Message":"m"}""", "Error")]
    [InlineData("""{"EventId":0,"LogLevel":"Information","Category":"X","Message":"\"LogLevel\":\"Error\""}""", "Information")]
    public void The_level_of_a_line_is_read_off_it(string line, string expected) =>
        LogSeverities.Of(line, LogSeverity.Information).ToString().ShouldBe(expected);

    [Fact]
    public void A_JSON_log_line_is_made_readable()
    {
        LogText.Readable("""{"Timestamp":"2026-11-22T12:00:01.5Z","LogLevel":"Error","Category":"Shop","Message":"no stock","Exception":"Boom"}""")
            .ShouldBe("12:00:01.500 fail: Shop no stock\n      Boom");
        LogText.Readable("{\"a\":1}").ShouldBe("{\"a\":1}");
        LogText.Readable("{\"broken").ShouldBe("{\"broken");
    }

    [Fact]
    public void An_indented_line_belongs_to_the_one_before() =>
        LogSeverities.Of("      at Program.Main()", LogSeverity.Error).ShouldBe(LogSeverity.Error);

    [Fact]
    public void What_others_need_lies_below_them_even_in_a_circle()
    {
        using var builder = Sample.Create();
        var server = builder.AddShell("server", "true");
        var left = builder.AddService("left").WaitFor(server);
        var right = builder.AddService("right").WaitFor(server).WithReference(left);
        left.WithReference(right);
        var door = builder.AddService("door").WithReference(left).WithReference(right);

        Dependencies.Depth(server.Resource).ShouldBe(0);
        Dependencies.Depth(left.Resource).ShouldBeGreaterThan(0);
        Dependencies.Depth(right.Resource).ShouldBeGreaterThan(0);
        Dependencies.Depth(door.Resource).ShouldBeGreaterThan(Dependencies.Depth(left.Resource));
    }
}
