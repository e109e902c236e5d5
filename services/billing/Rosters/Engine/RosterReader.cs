using System.Buffers;
using System.Threading.Channels;

namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// Cuts a roster file into blocks at line ends, lets several threads parse them, and hands them on in the order of the file. Only a few blocks exist at one
/// time, so memory does not grow with the file.
/// </summary>
internal static class RosterReader
{
    public const int BlockSize = 256 * 1024;

    /// <param name="file">The file, after its header.</param>
    /// <param name="begun">What was read together with the header; less than a block.</param>
    /// <param name="threads">How many parse at one time.</param>
    /// <param name="newParser">Makes one thread's parser.</param>
    /// <param name="delta">Rows carry line and operation.</param>
    /// <param name="firstLine">Number of the line after the header.</param>
    /// <param name="take">Called with each block in order, one at a time; the block is disposed after it.</param>
    public static async Task Read(
        Stream file, ReadOnlyMemory<byte> begun, int threads, Func<RosterLineParser> newParser, bool delta, Func<RosterBlock, Task> take, long firstLine,
        CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var toParse = Channel.CreateBounded<(RosterBlock Block, TaskCompletionSource<RosterBlock> Parsed)>(threads * 2);
        var inOrder = Channel.CreateBounded<Task<RosterBlock>>(threads * 3);

        var parsers = Enumerable.Range(0, threads).Select(_ => newParser()).ToArray();
        var cutting = Task.Run(Cut, CancellationToken.None);
        var parsing = parsers.Select(parser => Task.Run(() => Parse(parser), CancellationToken.None)).ToArray();
        try
        {
            await foreach (var parsed in inOrder.Reader.ReadAllAsync(stop.Token))
            {
                using var block = await parsed;
                await take(block);
            }

            await cutting;
        }
        finally
        {
            // Whatever went wrong, nobody is left waiting for room in a channel that nobody empties.
            await stop.CancelAsync();
            await Task.WhenAll(parsing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await cutting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task Cut()
        {
            Exception? failed = null;
            try
            {
                var line = firstLine;
                var carried = ArrayPool<byte>.Shared.Rent(BlockSize);
                begun.CopyTo(carried);
                var carriedLength = begun.Length;
                while (true)
                {
                    var buffer = carried;
                    var length = carriedLength;
                    length +=
                        await file.ReadAtLeastAsync(buffer.AsMemory(length, BlockSize - length), BlockSize - length, throwOnEndOfStream: false, stop.Token);
                    if (length == 0)
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        break;
                    }

                    var whole = length < BlockSize ? length : buffer.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
                    if (whole == 0)
                    {
                        // One line longer than a block: its pieces are rejected as too long.
                        whole = length;
                    }

                    carried = ArrayPool<byte>.Shared.Rent(BlockSize);
                    carriedLength = length - whole;
                    buffer.AsSpan(whole, carriedLength).CopyTo(carried);
                    var block = new RosterBlock(buffer, whole, line);
                    line += buffer.AsSpan(0, whole).Count((byte)'\n');
                    var parsed = new TaskCompletionSource<RosterBlock>(TaskCreationOptions.RunContinuationsAsynchronously);
                    await inOrder.Writer.WriteAsync(parsed.Task, stop.Token);
                    await toParse.Writer.WriteAsync((block, parsed), stop.Token);
                }
            }
            catch (Exception exception)
            {
                failed = exception;
                throw;
            }
            finally
            {
                toParse.Writer.Complete();
                inOrder.Writer.Complete(failed);
            }
        }

        async Task Parse(RosterLineParser mine)
        {
            using var parser = mine;
            await foreach (var (block, parsed) in toParse.Reader.ReadAllAsync(stop.Token))
            {
                try
                {
                    block.Parse(parser, delta);
                    parsed.SetResult(block);
                }
                catch (Exception exception)
                {
                    block.Dispose();
                    parsed.SetException(exception);
                }
            }
        }
    }
}
