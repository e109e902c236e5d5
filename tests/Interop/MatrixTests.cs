using Grpc.Core;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Interop;

/// <summary>What our services promise to any client, and expect of any server, with the official implementation for Node on the other side.</summary>
public sealed class MatrixTests(Matrix matrix)
{
    private const string French = "Échec : l'œuvre n'a pas été trouvée (100 %) — voilà";

    public static TheoryData<Pair, string> AllKinds =>
        [.. from pair in Enum.GetValues<Pair>()
            from kind in new[] { "unary", "server", "client", "duplex" } select new TheoryDataRow<Pair, string>(pair, kind)];

    public static TheoryData<Pair> Pairs => [.. Enum.GetValues<Pair>()];

    [Theory, MemberData(nameof(AllKinds))]
    public async Task Each_kind_of_call_carries_its_messages(Pair pair, string kind)
    {
        var outcome = await matrix.RunAsync(pair, new Call(kind) { Text = "héhé ☃ 日本語", Count = 3 });

        outcome.Status.ShouldBe(StatusCode.OK, outcome.Details);
        outcome.Count.ShouldBe(kind is "unary" or "client" ? 1 : 3);
        outcome.Text.ShouldBe("héhé ☃ 日本語");
        outcome.InOrder.ShouldBeTrue();
    }

    [Theory, MemberData(nameof(Pairs))]
    public async Task Four_megabytes_less_the_envelope_pass_and_more_exhaust_the_receiver(Pair pair)
    {
        const int limit = 4 * 1024 * 1024;

        var whole = await matrix.RunAsync(pair, new Call("unary") { Size = limit - 32 });

        whole.Status.ShouldBe(StatusCode.OK, whole.Details);
        whole.Bytes.ShouldBe(limit - 32);
        (await matrix.RunAsync(pair, new Call("unary") { Size = limit + 1 })).Status.ShouldBe(StatusCode.ResourceExhausted);
        (await matrix.RunAsync(pair, new Call("server") { Count = 1, MessageSize = limit + 1 })).Status.ShouldBe(StatusCode.ResourceExhausted);
    }

    [Theory, MemberData(nameof(Pairs))]
    public async Task Every_status_crosses_with_its_french_detail(Pair pair)
    {
        foreach (var code in Enum.GetValues<StatusCode>().Where(code => code != StatusCode.OK))
        {
            var outcome = await matrix.RunAsync(pair, new Call("unary") { FailWith = (int)code, FailDetail = French });
            outcome.Status.ShouldBe(code);
            outcome.Details.ShouldBe(French);
        }
    }

    [Theory, MemberData(nameof(Pairs))]
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

    [Theory, MemberData(nameof(Pairs))]
    public async Task A_deadline_ends_the_call_on_both_sides(Pair pair)
    {
        var name = $"deadline {pair}";
        var deadline = 150;
        await Eventually.True(
            async () =>
            {
                // On a busy machine a short deadline may pass before the server has heard of the call: a longer one follows.
                if (await matrix.CancelledAsync(pair, name) == 0)
                {
                    var outcome = await matrix.RunAsync(pair, new Call("unary") { Text = name, Hang = true, Deadline = deadline });
                    outcome.Status.ShouldBe(StatusCode.DeadlineExceeded);
                    deadline *= 2;
                }

                return await matrix.CancelledAsync(pair, name) > 0;
            },
            "the server sees the deadline");
    }

    [Theory, MemberData(nameof(Pairs))]
    public async Task Cancelling_amid_a_stream_reaches_the_server(Pair pair)
    {
        var name = $"cancelled {pair}";

        var outcome = await matrix.RunAsync(pair, new Call("server") { Text = name, Count = int.MaxValue, MessageSize = 1000, CancelAfter = 3 });

        outcome.Status.ShouldBe(StatusCode.Cancelled);
        await Eventually.True(async () => await matrix.CancelledAsync(pair, name) > 0, "the server sees the cancellation");
    }

    [Theory, MemberData(nameof(Pairs))]
    public async Task Ten_thousand_small_messages_go_each_way(Pair pair)
    {
        const int count = 10_000;

        var down = await matrix.RunAsync(pair, new Call("server") { Count = count, MessageSize = 10 });
        down.Status.ShouldBe(StatusCode.OK, down.Details);
        (down.Count, down.Bytes, down.InOrder).ShouldBe((count, 10L * count, true));

        var both = await matrix.RunAsync(pair, new Call("duplex") { Count = count, Size = 10 });
        both.Status.ShouldBe(StatusCode.OK, both.Details);
        (both.Count, both.Index).ShouldBe((count, count - 1));
    }
}
