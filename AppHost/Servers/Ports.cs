using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SecondOpinion.Servers;

/// <summary>
/// Free ports that stay free. Each is held by a socket that is bound but does not listen: the kernel gives such a port to nobody who asks for
/// any port, while the process it is meant for can still bind it, since both set SO_REUSEADDR (as .NET, PostgreSQL and Erlang do).
/// So two hosts side by side never collide, and a crashed process finds its port again.
/// </summary>
/// <param name="file">Where ports are remembered by name, so that a server has the same one at the next run; null: nowhere.</param>
public sealed class Ports(string? file) : IDisposable
{
    private readonly List<Socket> _held = [];
    private readonly SortedDictionary<string, int> _known = file is not null && File.Exists(file)
        ? JsonSerializer.Deserialize<SortedDictionary<string, int>>(File.ReadAllBytes(file)) ?? []
        : [];

    /// <summary>The port that the name had at the last run if it is still free, else another one.</summary>
    public int Take(string name)
    {
        if (_known.TryGetValue(name, out var port) && TryHold(port))
        {
            return port;
        }

        _known[name] = Any();
        if (file is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(_known));
        }

        return _known[name];
    }

    /// <summary>
    /// A port below those that the kernel hands out to clients (from 32768 on Linux): between two runs, no connection of somebody else can take one
    /// that the data folder remembers.
    /// </summary>
    public int Any()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            if (TryHold(port))
            {
                return port;
            }
        }

        throw new CannotStartException("No TCP port between 20000 and 32000 is free.");
    }

    /// <summary>The first port from <paramref name="first"/> on that nobody has.</summary>
    public int From(int first)
    {
        for (var port = first; port < first + 200; port++)
        {
            if (TryHold(port))
            {
                return port;
            }
        }

        throw new CannotStartException($"No TCP port between {first} and {first + 199} is free.");
    }

    /// <summary>Takes a certain port if nobody has it, be it only held.</summary>
    public bool TryHold(int port) => (ExclusiveBind.Works(port) || OnlyLingers(port)) && Hold(port);

    public void Dispose()
    {
        _held.ForEach(socket => socket.Dispose());
        _held.Clear();
    }

    /// <summary>
    /// The last run's server has closed its connections not a minute ago, which the kernel remembers, and nothing else is there: the port may be bound anew.
    /// Another host cannot hold it meanwhile, for its own try would have failed at the same connections.
    /// </summary>
    private static bool OnlyLingers(int port)
    {
        // FIN_WAIT1, FIN_WAIT2, TIME_WAIT: closed from this side.
        string[] closed = ["04", "05", "06"];
        var states = PortUser.Connections(port).Select(connection => connection.State).ToList();
        return states.Count > 0 && states.TrueForAll(closed.Contains);
    }

    private bool Hold(int port)
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
            // Somebody was quicker.
            socket.Dispose();
            return false;
        }

        _held.Add(socket);
        return true;
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
