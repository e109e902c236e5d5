using System.Net;
using System.Net.Sockets;
using SecondOpinion.Servers;

namespace SecondOpinion.Tests.Hosting;

public sealed class PortTests
{
    [Fact]
    public void A_held_port_goes_to_nobody_else_and_can_be_listened_on()
    {
        using var one = new Ports(null);
        using var two = new Ports(null);
        var ports = Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? one : two).Any()).ToList();

        ports.ShouldBeUnique();
        two.TryHold(ports[0]).ShouldBeFalse();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, ports[0]));
        listener.Listen();
        using var client = new TcpClient();
        client.Connect(IPAddress.Loopback, ports[0]);
    }

    [Fact]
    public void A_port_in_use_is_passed_over_and_its_user_named()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port;
        using var ports = new Ports(null);

        ports.From(taken).ShouldBeGreaterThan(taken);

        PortUser.Describe(taken).ShouldEndWith($"(process {Environment.ProcessId})");
    }

    [Fact]
    public void A_name_has_its_port_again_at_the_next_run_unless_somebody_took_it()
    {
        var file = Path.GetTempFileName();
        File.Delete(file);
        int first;
        using (var run = new Ports(file))
        {
            first = run.Take("postgres");
        }

        using var next = new Ports(file);
        using var beside = new Ports(file);

        next.Take("postgres").ShouldBe(first);
        beside.Take("postgres").ShouldNotBe(first);
        File.Delete(file);
    }
}
