using System.Text.RegularExpressions;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>A refusal travels one way, and its sentence stands in one place.</summary>
public sealed partial class RefusalTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private sealed record Found(int Number);

    [Fact]
    public async Task A_refused_step_rolls_its_transaction_back_and_a_value_commits()
    {
        var cancel = TestContext.Current.CancellationToken;

        (await Insert("refused", CommonProblems.Absent())).TryGet(out _, out var refusal).ShouldBeFalse();
        refusal!.Type.ShouldBe(CommonProblems.NotFound);
        (await Insert("taken", new Found(7))).OrThrow().Number.ShouldBe(7);

        await using var kept = fixture.Probe.Data.CreateCommand("select string_agg(name, ',') from service_secret where name in ('refused', 'taken')");
        (await kept.ExecuteScalarAsync(cancel)).ShouldBe("taken");

        Task<Result<Found>> Insert(string name, Result<Found> result) => fixture.Probe.Data.InTransaction(async db =>
        {
            await using var command = new NpgsqlCommand("insert into service_secret (name, value) values ($1, '\\x00')", db);
            command.Parameters.Add(new() { Value = name });
            await command.ExecuteNonQueryAsync(cancel);
            return result;
        }, cancel);
    }

    [Fact]
    public void A_result_that_nobody_made_is_a_defect()
    {
        Should.Throw<InvalidOperationException>(() => default(Result<Found>).TryGet(out _, out _));
        Should.Throw<ProblemException>(() => ((Result<Found>)CommonProblems.Absent()).OrThrow()).Problem.Type.ShouldBe(CommonProblems.NotFound);
    }

    [Fact]
    public void Members_and_the_wait_are_added_to_a_copy()
    {
        var problem = CommonProblems.Absent();
        var told = problem.With("state", "closed").With("allowed", Array.Empty<string>()).RetryAfter(5);

        problem.Members.ShouldBeEmpty();
        problem.RetryAfterSeconds.ShouldBeNull();
        told.Members.Keys.ShouldBe(["state", "allowed"]);
        told.RetryAfterSeconds.ShouldBe(5);
    }

    [Fact]
    public void Sentences_of_refusals_stand_in_Problems_and_are_thrown_at_the_doors_of_gRPC_only()
    {
        foreach (var file in Sources.Of("services", "gateway"))
        {
            var text = File.ReadAllText(file);
            if (Path.GetFileName(file) != "Problems.cs")
            {
                text.ShouldNotContain(".Because(", customMessage: file);
            }

            if (!ServesGrpc().IsMatch(text))
            {
                text.ShouldNotContain(".AsException(", customMessage: file);
                text.ShouldNotContain(".OrThrow(", customMessage: file);
            }
        }
    }

    /// <summary>People read the sentence; programs read the code and what is allowed.</summary>
    [Fact]
    public void Sentences_about_a_field_are_whole_and_hold_no_codes()
    {
        var sentences = Sources.Of("services", "ServiceDefaults")
            .SelectMany(file => FieldSentence().Matches(File.ReadAllText(file)).Select(m => (File: Path.GetFileName(file), Text: m.Groups[1].Value))).ToList();
        sentences.Count.ShouldBeGreaterThan(50, "the search still finds them");
        foreach (var (file, text) in sentences)
        {
            Spoiled().IsMatch(text).ShouldBeFalse($"{file}: {text}");
            text.ShouldEndWith(".", customMessage: file);
            text.Length.ShouldBeGreaterThan(15, file);
        }
    }

    [GeneratedRegex("""(?:FieldError|new|When)\((?:[^"\n]*,)?\s*\$?"(?:#|\{pointer\})/[^"]*",\s*"[a-z_A-Z]+",\s*\$?"((?:[^"\\]|\\.)+)"\s*[,);]""")]
    private static partial Regex FieldSentence();

    /// <summary>Snake case, backticks, a list of codes joined by the program.</summary>
    [GeneratedRegex("[a-z]_[a-z]|`|string\\.Join|\\.Keys")]
    private static partial Regex Spoiled();

    /// <summary>A service of a proto, or a feature that writes to its stream.</summary>
    [GeneratedRegex(@"ServerCallContext|IServerStreamWriter<")]
    private static partial Regex ServesGrpc();
}
