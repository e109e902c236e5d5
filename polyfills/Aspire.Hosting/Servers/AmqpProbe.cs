using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Aspire.Hosting.Servers;

/// <summary>
/// Logs in to an AMQP 0-9-1 broker and opens the virtual host, then leaves politely: the least that shows it will serve us. A port that
/// accepts connections is not enough, since a broker opens it before its virtual hosts are up.
/// </summary>
internal static class AmqpProbe
{
    private const byte MethodFrame = 1;
    private const byte FrameEnd = 0xCE;
    private const ushort Connection = 10;

    /// <returns>Null when it worked, else what is wrong.</returns>
    public static async Task<string?> FailureAsync(Uri uri, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(uri.Host, uri.Port > 0 ? uri.Port : 5672, limit.Token);
            return await LogInAsync(client.GetStream(), uri, limit.Token);
        }
        catch (SocketException e)
        {
            return e.Message;
        }
        catch (IOException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "the broker does not answer";
        }
    }

    private static async Task<string?> LogInAsync(NetworkStream stream, Uri uri, CancellationToken cancellationToken)
    {
        var user = uri.UserInfo.Split(':', 2);
        var name = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : "guest";
        var password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : "guest";
        var virtualHost = uri.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(uri.AbsolutePath[1..]) : "/";

        await stream.WriteAsync((byte[])[(byte)'A', (byte)'M', (byte)'Q', (byte)'P', 0, 0, 9, 1], cancellationToken);
        if (await ReadAsync(stream, cancellationToken) is not 10)
        {
            return "the port is not an AMQP 0-9-1 broker's";
        }

        // start-ok: no properties, PLAIN, \0user\0password, en_US.
        await SendAsync(stream, 11, [.. new byte[4], .. Short("PLAIN"), .. Long($"\0{name}\0{password}"), .. Short("en_US")], cancellationToken);
        if (await TuneAsync(stream, cancellationToken) is not 30)
        {
            return "the broker refused the login";
        }

        // tune-ok: 2047 channels (the most that the broker allows), frames of 4096 bytes, no heartbeat; then open.
        await SendAsync(stream, 31, [0x07, 0xFF, 0, 0, 0x10, 0, 0, 0], cancellationToken);
        await SendAsync(stream, 40, [.. Short(virtualHost), 0, 0], cancellationToken);
        if (await ReadAsync(stream, cancellationToken) is not 41)
        {
            return $"the broker refused the virtual host {virtualHost}";
        }

        // close: 200, no reason, no method.
        await SendAsync(stream, 50, [0, 200, 0, 0, 0, 0, 0], cancellationToken);
        await ReadAsync(stream, cancellationToken);
        return null;
    }

    /// <summary>A broker says no by hanging up.</summary>
    private static async Task<int?> TuneAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(stream, cancellationToken);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <returns>The method's number within the class `connection`.</returns>
    private static async Task<int?> ReadAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var header = new byte[7];
        await stream.ReadExactlyAsync(header, cancellationToken);
        var size = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(3));
        if (header[0] != MethodFrame || size is < 4 or > 1 << 20)
        {
            return null;
        }

        var body = new byte[size + 1];
        await stream.ReadExactlyAsync(body, cancellationToken);
        return BinaryPrimitives.ReadUInt16BigEndian(body) == Connection ? BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(2)) : null;
    }

    private static async Task SendAsync(NetworkStream stream, ushort method, byte[] arguments, CancellationToken cancellationToken)
    {
        var frame = new byte[7 + 4 + arguments.Length + 1];
        frame[0] = MethodFrame;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(3), 4 + arguments.Length);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(7), Connection);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(9), method);
        arguments.CopyTo(frame, 11);
        frame[^1] = FrameEnd;
        await stream.WriteAsync(frame, cancellationToken);
    }

    private static byte[] Short(string text) => [(byte)Encoding.UTF8.GetByteCount(text), .. Encoding.UTF8.GetBytes(text)];

    private static byte[] Long(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var field = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(field, bytes.Length);
        bytes.CopyTo(field, 4);
        return field;
    }
}
