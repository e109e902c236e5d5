using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.Running;

namespace SecondOpinion.Tests.Hosting;

public sealed class PortTests
{
    [Fact]
    public void A_held_port_goes_to_nobody_else_and_can_be_listened_on()
    {
        using var one = new PortAllocation();
        using var two = new PortAllocation();
        var ports = Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? one : two).Any()).ToList();

        ports.ShouldBeUnique();
        two.Try(ports[0]).ShouldBeFalse();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, ports[0]));
        listener.Listen();
        using var client = new TcpClient();
        client.Connect(IPAddress.Loopback, ports[0]);
    }

    [Fact]
    public async Task A_fixed_port_that_is_in_use_is_skipped_and_its_user_named()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = ((IPEndPoint)other.LocalEndpoint).Port;
        await using var builder = Sample.Create("--DcpPublisher:RandomizePorts=false");
        builder.AddService("late").WithEndpoint("http", endpoint => endpoint.Port = taken);
        await using var app = await builder.StartAsync();

        await app.HealthyAsync("late");

        app.GetEndpoint("late").Port.ShouldBeGreaterThan(taken);
        PortUser.Describe(taken).ShouldEndWith($"(pid {Environment.ProcessId})");
    }
}
