using Grpc.Core;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Interop;

/// <summary>What both implementations must agree on, whoever calls.</summary>
public sealed class MatrixTests(Matrix matrix)
{
    private const string French = "Échec : l'œuvre n'a pas été trouvée (100 %) — voilà";

    public static TheoryData<Pair, string, string> AllKinds => Cross(["unary", "server", "client", "duplex"], ["bonjour"]);

    public static TheoryData<Pair, string, string> Texts => Cross(["unary", "duplex"], ["", "héhé ☃ 日本語", "a\0b"]);

    private static TheoryData<Pair, string, string> Cross(string[] kinds, string[] texts)
    {
        var data = new TheoryData<Pair, string, string>();
        foreach (var pair in Enum.GetValues<Pair>())
        {
            foreach (var kind in kinds)
            {
                texts.ToList().ForEach(text => data.Add(pair, kind, text));
            }
        }

        return data;
    }

    [Theory, MemberData(nameof(AllKinds))]
    public async Task Each_kind_of_call_carries_its_messages(Pair pair, string kind, string text)
    {
        var outcome = await matrix.RunAsync(pair, new Call(kind) { Text = text, Count = 3 });

        outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
        outcome.Count.ShouldBe(kind is "unary" or "client" ? 1 : 3);
        outcome.Text.ShouldBe(text);
        outcome.InOrder.ShouldBeTrue();
    }

    [Theory, MemberData(nameof(Texts))]
    public async Task Text_arrives_as_it_was(Pair pair, string kind, string text)
    {
        var outcome = await matrix.RunAsync(pair, new Call(kind) { Text = text, Count = 1 });

        outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
        outcome.Text.ShouldBe(text);
    }

    [Theory, EachPair]
    public async Task A_stream_may_be_empty(Pair pair)
    {
        (await matrix.RunAsync(pair, new Call("server"))).ShouldSatisfyAllConditions(
            outcome => outcome.Status.ShouldBe(StatusCode.OK), outcome => outcome.Count.ShouldBe(0));
        (await matrix.RunAsync(pair, new Call("client"))).ShouldSatisfyAllConditions(
            outcome => outcome.Status.ShouldBe(StatusCode.OK), outcome => outcome.Index.ShouldBe(0));
        (await matrix.RunAsync(pair, new Call("duplex"))).ShouldSatisfyAllConditions(
            outcome => outcome.Status.ShouldBe(StatusCode.OK), outcome => outcome.Count.ShouldBe(0));
    }

    [Theory, EachPair]
    public async Task Four_megabytes_less_the_envelope_pass(Pair pair)
    {
        const int size = (4 * 1024 * 1024) - 32;

        var outcome = await matrix.RunAsync(pair, new Call("unary") { Size = size });

        outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
        outcome.Bytes.ShouldBe(size);
    }

    [Theory, EachPair]
    public async Task More_than_four_megabytes_exhaust_the_receiver(Pair pair)
    {
        const int size = (4 * 1024 * 1024) + 1;

        (await matrix.RunAsync(pair, new Call("unary") { Size = size })).Status.ShouldBe(StatusCode.ResourceExhausted);
        (await matrix.RunAsync(pair, new Call("server") { Count = 1, MessageSize = size })).Status.ShouldBe(StatusCode.ResourceExhausted);
    }

    [Theory, EachPair]
    public async Task Every_status_crosses_with_its_french_detail(Pair pair)
    {
        foreach (var code in Enum.GetValues<StatusCode>().Where(code => code != StatusCode.OK))
        {
            var outcome = await matrix.RunAsync(pair, new Call("unary") { FailWith = (int)code, FailDetail = French });
            outcome.Status.ShouldBe(code);
            outcome.Details.ShouldBe(French);
        }
    }

    [Theory, EachPair]
    public async Task An_error_after_messages_follows_them(Pair pair)
    {
        var outcome = await matrix.RunAsync(
            pair, new Call("server") { Count = 3, FailWith = (int)StatusCode.Aborted, FailDetail = French });

        outcome.Count.ShouldBe(3);
        outcome.Status.ShouldBe(StatusCode.Aborted);
        outcome.Details.ShouldBe(French);
    }

    [Theory, EachPair]
    public async Task Metadata_comes_back_in_headers_and_trailers(Pair pair)
    {
        byte[] bytes = [0, 1, 2, 250, 251, 252, 253];
        var metadata = new Dictionary<string, string> { ["x-echo"] = "text, with a comma", ["x-echo-bin"] = Convert.ToBase64String(bytes) };

        var outcome = await matrix.RunAsync(pair, new Call("unary") { Metadata = metadata });

        outcome.Headers["x-echo"].ShouldBe("text, with a comma");
        outcome.Headers["x-echo-bin"].ShouldBe(Convert.ToBase64String(bytes));
        outcome.Trailers["x-echo"].ShouldBe("text, with a comma");
        outcome.Trailers["x-echo-bin"].ShouldBe(Convert.ToBase64String(bytes));
    }

    [Theory, EachPair]
    public async Task A_deadline_ends_the_call_on_both_sides(Pair pair)
    {
        var name = $"deadline {pair}";

        await SeenOnBothSidesAsync(pair, name, new Call("unary") { Text = name, Hang = true });
    }

    [Theory, EachPair]
    public async Task A_deadline_ends_a_stream_between_messages(Pair pair)
    {
        var name = $"deadline of a stream {pair}";

        var outcome = await SeenOnBothSidesAsync(pair, name, new Call("server") { Text = name, Count = 2, Hang = true });

        outcome.Count.ShouldBe(2);
    }

    /// <summary>On a busy machine a short deadline may pass before the server has heard of the call: a longer one follows.</summary>
    private async Task<Outcome> SeenOnBothSidesAsync(Pair pair, string name, Call call)
    {
        var outcome = new Outcome();
        var deadline = 150;
        await Eventually.True(
            async () =>
            {
                if (await matrix.CancelledAsync(pair, name) == 0)
                {
                    outcome = await matrix.RunAsync(pair, call with { Deadline = deadline });
                    outcome.Status.ShouldBe(StatusCode.DeadlineExceeded);
                    deadline *= 2;
                }

                return await matrix.CancelledAsync(pair, name) > 0;
            },
            "the server sees the deadline");
        return outcome;
    }

    [Theory, EachPair]
    public async Task Cancelling_amid_a_stream_reaches_the_server(Pair pair)
    {
        var name = $"cancelled {pair}";

        var outcome = await matrix.RunAsync(
            pair, new Call("server") { Text = name, Count = int.MaxValue, MessageSize = 1000, CancelAfter = 3 });

        outcome.Status.ShouldBe(StatusCode.Cancelled);
        await Eventually.True(async () => await matrix.CancelledAsync(pair, name) > 0, "the server sees the cancellation");
    }

    [Theory, EachPair]
    public async Task Cancelling_an_open_duplex_call_reaches_the_server(Pair pair)
    {
        var name = $"cancelled duplex {pair}";

        var outcome = await matrix.RunAsync(pair, new Call("duplex") { Text = name, Count = 2, Hang = true, CancelAfter = 2 });

        outcome.Status.ShouldBe(StatusCode.Cancelled);
        await Eventually.True(async () => await matrix.CancelledAsync(pair, name) > 0, "the server sees the cancellation");
    }

    [Theory, EachPair]
    public async Task A_call_cancelled_at_once_is_cancelled(Pair pair)
    {
        var outcome = await matrix.RunAsync(pair, new Call("unary") { Hang = true, CancelNow = true });

        outcome.Status.ShouldBe(StatusCode.Cancelled);
    }

    [Theory, EachPair]
    public async Task Ten_thousand_small_messages_go_each_way(Pair pair)
    {
        const int count = 10_000;

        var down = await matrix.RunAsync(pair, new Call("server") { Count = count, MessageSize = 10 });
        down.Status.ShouldBe(StatusCode.OK, down.Details);
        (down.Count, down.Bytes, down.InOrder).ShouldBe((count, 10L * count, true));

        var up = await matrix.RunAsync(pair, new Call("client") { Count = count, Size = 10 });
        up.Status.ShouldBe(StatusCode.OK, up.Details);
        (up.Index, up.Total).ShouldBe((count, 10L * count));

        var both = await matrix.RunAsync(pair, new Call("duplex") { Count = count, Size = 10 });
        both.Status.ShouldBe(StatusCode.OK, both.Details);
        (both.Count, both.Index).ShouldBe((count, count - 1));
    }
}

/// <summary>One case per pair.</summary>
public sealed class EachPairAttribute : Xunit.v3.DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        System.Reflection.MethodInfo testMethod, Xunit.Sdk.DisposalTracker disposalTracker) =>
        new([.. Enum.GetValues<Pair>().Select(pair => new TheoryDataRow(pair))]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
