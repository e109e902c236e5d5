using System.Net;
using System.Net.Sockets;

namespace SecondOpinion.AppHost;

internal static class FreePort
{
    /// <summary>The first port from <paramref name="first"/> on that nobody listens on.</summary>
    public static int From(int first)
    {
        for (var port = first; port < first + 200; port++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            try
            {
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one.
                continue;
            }
        }

        throw new InvalidOperationException($"No free port between {first} and {first + 199}. Give one with --port.");
    }
}
