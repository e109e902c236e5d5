using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SecondOpinion.Tests.Interop;

internal enum Frame : byte
{
    Data = 0,
    Headers = 1,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
}

/// <summary>HTTP/2 by hand, frame by frame, on the server's end of a connection: for what no library would send.</summary>
internal sealed class Http2Socket(Socket socket) : IDisposable
{
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;
    public const byte Ack = 1;

    public static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task SendRawAsync(byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent));
        }
    }

    public Task SendAsync(Frame type, byte flags, int stream, byte[] payload) => SendRawAsync(Encode((byte)type, flags, stream, payload));

    public static byte[] Encode(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    public static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>Header block of literals that index nothing (HPACK).</summary>
    public static byte[] Block(params (string Name, string Value)[] headers)
    {
        using var block = new MemoryStream();
        foreach (var (name, value) in headers)
        {
            block.WriteByte(0);
            foreach (var text in new[] { name, value })
            {
                block.WriteByte((byte)text.Length);
                block.Write(Encoding.ASCII.GetBytes(text));
            }
        }

        return block.ToArray();
    }

    /// <summary>Null when the other side has closed.</summary>
    public async Task<(Frame Type, byte Flags, int Stream, byte[] Payload)?> ReadAsync()
    {
        if (await ReadAsync(9) is not { } head)
        {
            return null;
        }

        var payload = await ReadAsync((head[0] << 16) | (head[1] << 8) | head[2]) ?? [];
        return ((Frame)head[3], head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) & int.MaxValue, payload);
    }

    /// <summary>The next frame of that type; settings are acknowledged on the way.</summary>
    public async Task<(byte Flags, int Stream, byte[] Payload)?> ReadAsync(Frame wanted)
    {
        while (await ReadAsync() is { } frame)
        {
            if (frame.Type == Frame.Settings && (frame.Flags & Ack) == 0)
            {
                await SendAsync(Frame.Settings, Ack, 0, []);
            }

            if (frame.Type == wanted)
            {
                return (frame.Flags, frame.Stream, frame.Payload);
            }
        }

        return null;
    }

    public async Task<byte[]?> ReadAsync(int count)
    {
        using var limit = new CancellationTokenSource(Limit);
        var bytes = new byte[count];
        for (var read = 0; read < count;)
        {
            try
            {
                var some = await socket.ReceiveAsync(bytes.AsMemory(read), limit.Token);
                if (some == 0)
                {
                    return null;
                }

                read += some;
            }
            catch (SocketException)
            {
                return null;
            }
        }

        return bytes;
    }

    public void Dispose() => socket.Dispose();
}

/// <summary>A server that says exactly what a test wants to each connection, in turn.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ScriptedServer(params Func<Http2Socket, Task>[] connections)
    {
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Address = $"http://{listener.LocalEndPoint}";
        Done = RunAsync(connections);
    }

    public string Address { get; }

    /// <summary>Ends when every script has; fails as it fails.</summary>
    public Task Done { get; }

    /// <summary>Takes its leave of each connection as soon as a request has come, before it has come to it.</summary>
    public static ScriptedServer Leaving()
    {
        const int moreThanAnyClientTries = 30;
        return new ScriptedServer([.. Enumerable.Repeat<Func<Http2Socket, Task>>(Leave, moreThanAnyClientTries)]);

        static async Task Leave(Http2Socket connection)
        {
            await TakeRequestAsync(connection);
            const uint lastStream = 0, noError = 0;
            await connection.SendAsync(Frame.GoAway, 0, 0, [.. Http2Socket.Number(lastStream), .. Http2Socket.Number(noError)]);
            (await connection.ReadAsync(Frame.Data)).ShouldBeNull();
        }
    }

    /// <summary>The request that came: its stream, once its headers and its end are there.</summary>
    public static async Task<int> TakeRequestAsync(Http2Socket connection)
    {
        var headers = (await connection.ReadAsync(Frame.Headers)).ShouldNotBeNull();
        for (var flags = headers.Flags; (flags & Http2Socket.EndStream) == 0;)
        {
            flags = (await connection.ReadAsync(Frame.Data)).ShouldNotBeNull().Flags;
        }

        return headers.Stream;
    }

    public void Dispose() => listener.Dispose();

    private async Task RunAsync(Func<Http2Socket, Task>[] connections)
    {
        // Side by side: a balancing client opens its next connection before the last one has ended.
        var running = new List<Task>();
        foreach (var script in connections)
        {
            running.Add(PlayAsync(script, await listener.AcceptAsync()));
        }

        await Task.WhenAll(running);
    }

    private static async Task PlayAsync(Func<Http2Socket, Task> script, Socket socket)
    {
        using var connection = new Http2Socket(socket);
        (await connection.ReadAsync(Http2Socket.Preface.Length)).ShouldBe(Http2Socket.Preface);
        await connection.SendAsync(Frame.Settings, 0, 0, []);
        await script(connection);
    }
}
