using System.Net;
using System.Net.Sockets;

namespace Aspire.Hosting.Running;

/// <summary>
/// Free ports that stay free. Each is held by a socket that is bound but does not listen: the kernel gives such a port to nobody who asks for
/// any port, while the process it is meant for can still bind it, since both set SO_REUSEADDR (as .NET, PostgreSQL and Erlang do).
/// So two hosts side by side never collide, and a crashed process finds its port again.
/// </summary>
internal sealed class PortAllocation : IDisposable
{
    private readonly List<Socket> held = [];

    public int Any() => Hold(0) ?? throw new DistributedApplicationException("No TCP port is free.");

    /// <summary>The wanted port if nobody has it, else any.</summary>
    public int Prefer(int port) => Try(port) ? port : Any();

    /// <summary>Takes a certain port if nobody has it.</summary>
    public bool Try(int port)
    {
        // Without SO_REUSEADDR, to see the ports that others hold without listening.
        try
        {
            using var probe = Create();
            probe.ExclusiveAddressUse = true;
            probe.Bind(new IPEndPoint(AnyAddress(probe), port));
        }
        catch (SocketException)
        {
            return false;
        }

        return Hold(port) is not null;
    }

    public void Dispose()
    {
        lock (held)
        {
            held.ForEach(static socket => socket.Dispose());
            held.Clear();
        }
    }

    private int? Hold(int port)
    {
        var socket = Create();
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(AnyAddress(socket), port));
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

    private static IPAddress AnyAddress(Socket socket) =>
        socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;

    private static Socket Create()
    {
        if (!Socket.OSSupportsIPv6)
        {
            return new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        }

        return new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
    }
}
