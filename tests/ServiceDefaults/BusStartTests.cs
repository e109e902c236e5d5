using System.Net;
using System.Net.Sockets;
using SecondOpinion.Servers;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>A broker that is not ready, or never will be, ends no service: requests are answered, and health tells.</summary>
public sealed class BusStartTests
{
    [Fact]
    public async Task A_broker_that_hangs_up_at_first_is_tried_again_until_all_is_well()
    {
        await using var broker = await TestBroker.Start(listens: false);
        using var hesitant = new HesitantBroker(broker.Address, hangUps: 4);
        using var probe = new ProbeProcess(await TestDatabases.Create(typeof(Program).Assembly), hesitant.Address);

        await Eventually.True(async () => !probe.Lives || await probe.IsHealthy(), "the probe is healthy", TimeSpan.FromSeconds(60));

        probe.Lives.ShouldBeTrue(probe.Said);
        hesitant.HungUp.ShouldBe(4);
    }

    [Fact]
    public async Task A_broker_that_refuses_the_login_leaves_the_service_alive_and_is_named_in_its_log()
    {
        await using var broker = await TestBroker.Start(listens: false);
        var refused = new UriBuilder(broker.Address) { Password = "wrong" }.Uri;
        using var probe = new ProbeProcess(await TestDatabases.Create(typeof(Program).Assembly), refused);
        using var http = new HttpClient { BaseAddress = new Uri($"http://localhost:{probe.HttpPort}") };

        await Eventually.True(
            () => !probe.Lives || probe.Said.Contains("ACCESS_REFUSED", StringComparison.Ordinal), "the refusal is told", TimeSpan.FromSeconds(60));

        await Eventually.True(async () => !probe.Lives || await Answers(http), "requests are answered");
        probe.Lives.ShouldBeTrue(probe.Said);
        (await http.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_service_whose_user_is_made_after_it_started_is_ready_soon_afterwards()
    {
        await using var broker = await TestBroker.Start(listens: false);
        var user = new BrokerUser($"late-{Guid.CreateVersion7():n}", "a password of tests", ".*", ".*", ".*");
        var address = new UriBuilder(broker.Address) { UserName = user.Name, Password = user.Password }.Uri;
        using var probe = new ProbeProcess(await TestDatabases.Create(typeof(Program).Assembly), address);
        await Eventually.True(
            () => !probe.Lives || probe.Said.Contains("ACCESS_REFUSED", StringComparison.Ordinal), "the refusal is told", TimeSpan.FromSeconds(60));

        var servers = await TestServers.Get();
        await user.Make(servers.Management, Uri.UnescapeDataString(servers.RabbitMq.UserInfo), broker.Address.AbsolutePath[1..]);

        await Eventually.True(async () => !probe.Lives || await probe.IsHealthy(), "the probe is healthy", TimeSpan.FromSeconds(20));
        probe.Lives.ShouldBeTrue(probe.Said);
    }

    private static async Task<bool> Answers(HttpClient http)
    {
        try
        {
            return (await http.GetAsync("/alive")).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Not up yet.
            return false;
        }
    }

    /// <summary>In front of the real one: accepts and closes the first connections, then carries bytes to and fro.</summary>
    private sealed class HesitantBroker : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Uri _broker;
        private readonly int _hangUps;
        private int _hungUp;

        public HesitantBroker(Uri broker, int hangUps)
        {
            (_broker, _hangUps) = (broker, hangUps);
            _listener.Start();
            Address = new UriBuilder(broker) { Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port }.Uri;
            _ = Accept();
        }

        public Uri Address { get; }

        public int HungUp => Volatile.Read(ref _hungUp);

        public void Dispose() => _listener.Dispose();

        private async Task Accept()
        {
            try
            {
                while (true)
                {
                    var caller = await _listener.AcceptTcpClientAsync();
                    if (HungUp < _hangUps)
                    {
                        Interlocked.Increment(ref _hungUp);
                        caller.Dispose();
                        continue;
                    }

                    _ = Carry(caller);
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task Carry(TcpClient caller)
        {
            using (caller)
            using (var broker = new TcpClient())
            {
                await broker.ConnectAsync(_broker.Host, _broker.Port);
                await Task.WhenAny(caller.GetStream().CopyToAsync(broker.GetStream()), broker.GetStream().CopyToAsync(caller.GetStream()));
            }
        }
    }
}
