using Grpc.Core;
using SecondOpinion.Contracts.Intake.V1;

namespace SecondOpinion.Physician.Files;

/// <summary>
/// A document as intake sends it, read from anywhere: a position other than that of the call under way is a call of its own. Never held whole.
/// </summary>
/// <param name="open">Starts a call at a byte.</param>
internal sealed class DocumentStream(Func<long, AsyncServerStreamingCall<DocumentChunk>> open) : Stream
{
    private AsyncServerStreamingCall<DocumentChunk>? _call;
    private ReadOnlyMemory<byte> _chunk;
    private long _next;

    /// <summary>What it is; known once <see cref="Begin"/> has returned.</summary>
    public DocumentSummary Document { get; private set; } = new();

    public override long Length => Document.SizeBytes;

    public override long Position { get; set; }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    /// <summary>The first call, whose first chunk says what is sent.</summary>
    /// <param name="from">Where reading will probably begin: then it is the only call. Below 0, counted from the end.</param>
    /// <exception cref="RpcException">Refused, or intake is away.</exception>
    public async Task Begin(long from, CancellationToken cancel)
    {
        _call = open(from);
        if (!await _call.ResponseStream.MoveNext(cancel) || _call.ResponseStream.Current.Document is not { } document)
        {
            throw new InvalidOperationException("Intake sent a document without its description.");
        }

        Document = document;
        _chunk = _call.ResponseStream.Current.Data.Memory;
        _next = from < 0 ? Math.Max(0, Length + from) : from;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            if (Position != _next)
            {
                _call?.Dispose();
                (_call, _chunk, _next) = (open(Position), default, Position);
            }

            while (_chunk.IsEmpty)
            {
                if (!await _call!.ResponseStream.MoveNext(cancellationToken))
                {
                    return 0;
                }

                _chunk = _call.ResponseStream.Current.Data.Memory;
            }
        }
        catch (RpcException left) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The reader left.", left, cancellationToken);
        }

        var take = Math.Min(buffer.Length, _chunk.Length);
        _chunk[..take].CopyTo(buffer);
        _chunk = _chunk[take..];
        Position = _next += take;
        return take;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => Position + offset,
            _ => Length + offset,
        };

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("It comes over the network: read it asynchronously.");

    public override void Flush()
    {
        // Nothing is ever written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _call?.Dispose();
        }

        base.Dispose(disposing);
    }
}
