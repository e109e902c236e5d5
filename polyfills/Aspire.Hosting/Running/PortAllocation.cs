using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Aspire.Hosting.Running;

/// <summary>
/// Free ports that stay free. Each is held by a socket that is bound but does not listen: the kernel gives such a port to nobody who asks for
/// any port, while the process it is meant for can still bind it, since both set SO_REUSEADDR (as .NET, PostgreSQL and Erlang do).
/// So two hosts side by side never collide, and a crashed process finds its port again.
/// </summary>
internal sealed class PortAllocation : IDisposable
{
    private readonly List<Socket> held = [];

    /// <summary>
    /// A port below those that the kernel hands out to clients (from 32768 on Linux): between two runs, no connection of somebody else can take one
    /// that the data folder remembers.
    /// </summary>
    public int Any()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            if (Try(port))
            {
                return port;
            }
        }

        return Hold(0) ?? throw new DistributedApplicationException("No TCP port is free.");
    }

    /// <summary>Takes a certain port if nobody has it, be it only held.</summary>
    public bool Try(int port) => (ExclusiveBind.Works(port) || OnlyLingers(port)) && Hold(port) is not null;

    public void Dispose()
    {
        lock (held)
        {
            held.ForEach(static socket => socket.Dispose());
            held.Clear();
        }
    }

    /// <summary>
    /// The last run's server has closed its connections not a minute ago, which the kernel remembers, and nothing else is there: the port may be bound anew. Another host
    /// cannot hold it meanwhile, for its own try would have failed at the same connections.
    /// </summary>
    private static bool OnlyLingers(int port)
    {
        // FIN_WAIT1, FIN_WAIT2, TIME_WAIT: closed from this side.
        string[] closed = ["04", "05", "06"];
        var local = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        string[] tables = ["/proc/net/tcp", "/proc/net/tcp6"];

        // Columns: number, local address, remote address, state.
        var states = tables.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns.Length > 3 && columns[1].EndsWith(local, StringComparison.Ordinal))
            .Select(static columns => columns[3])
            .ToList();
        return states.Count > 0 && states.TrueForAll(closed.Contains);
    }

    private int? Hold(int port)
    {
        // .NET sets SO_REUSEADDR on every socket that it binds.
        var socket = Socket.OSSupportsIPv6
            ? new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true }
            : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, port));
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }

        lock (held)
        {
            held.Add(socket);
        }

        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

/// <summary>Binds a port without SO_REUSEADDR, which .NET does not let one leave out: the only way to see that another host holds it.</summary>
internal static partial class ExclusiveBind
{
    private const int AddressFamilyIPv4 = 2;
    private const int StreamCloseOnExec = 0x80001;

    public static bool Works(int port)
    {
        // sockaddr_in: family, port in network order, any address. An IPv6 socket that takes IPv4 too stands in the way as well.
        Span<byte> address = stackalloc byte[16];
        address.Clear();
        MemoryMarshal.Write(address, (short)AddressFamilyIPv4);
        address[2] = (byte)(port >> 8);
        address[3] = (byte)port;
        var socket = CreateSocket(AddressFamilyIPv4, StreamCloseOnExec, 0);
        try
        {
            return socket >= 0 && Bind(socket, address, address.Length) == 0;
        }
        finally
        {
            _ = Close(socket);
        }
    }

    [LibraryImport("libc", EntryPoint = "socket")]
    private static partial int CreateSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind")]
    private static partial int Bind(int socket, Span<byte> address, int length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int socket);
}
