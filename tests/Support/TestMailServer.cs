using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace SecondOpinion.Tests.Support;

/// <summary>A real SMTP server that keeps what it gets. Not there until it is opened; it refuses the user <c>refuse</c>, and what a test says.</summary>
public sealed class TestMailServer : MessageStore, IMailboxFilter, IAsyncDisposable
{
    private readonly ConcurrentQueue<MimeMessage> _mails = new();
    private readonly X509Certificate2? _certificate;
    private CancellationTokenSource _end = new();
    private Task _serving = Task.CompletedTask;

    /// <param name="certificate">Offers STARTTLS with it; null: the server speaks in clear.</param>
    public TestMailServer(X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        Port = ((IPEndPoint)free.LocalEndpoint).Port;
    }

    public int Port { get; }

    public IReadOnlyCollection<MimeMessage> Mails => _mails;

    /// <summary>Asked for before a mail is taken, over an encrypted connection alone; null: nobody is asked.</summary>
    public string? Password { get; init; }

    /// <summary>Whether each mail came through an encrypted connection.</summary>
    public ConcurrentQueue<bool> Encrypted { get; } = new();

    /// <summary>Answers in place of taking a mail, the first one first.</summary>
    public ConcurrentQueue<SmtpResponse> Faults { get; } = new();

    public async Task Open()
    {
        _end = new CancellationTokenSource();
        var services = new SmtpServer.ComponentModel.ServiceProvider();
        services.Add((IMessageStore)this);
        services.Add((IMailboxFilter)this);
        if (Password is { } password)
        {
            services.Add((IUserAuthenticator)new DelegatingUserAuthenticator((_, given) => given == password));
        }

        var options = new SmtpServerOptionsBuilder().ServerName("localhost").Endpoint(e =>
        {
            e.Port(Port);
            if (_certificate is not null)
            {
                e.Certificate(_certificate);
            }

            if (Password is not null)
            {
                e.AuthenticationRequired();
            }
        });
        _serving = new SmtpServer.SmtpServer(options.Build(), services).StartAsync(_end.Token);
        await Eventually.True(async () =>
        {
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync("localhost", Port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }, "the mail server listens");
    }

    public async Task Close()
    {
        await _end.CancelAsync();
        await _serving;
        _end.Dispose();
    }

    public override async Task<SmtpResponse> SaveAsync(
        ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
    {
        if (Faults.TryDequeue(out var fault))
        {
            return fault;
        }

        using var bytes = new MemoryStream(buffer.ToArray());
        _mails.Enqueue(await MimeMessage.LoadAsync(bytes, cancellationToken));
        Encrypted.Enqueue(context.Pipe.IsSecure);
        return SmtpResponse.Ok;
    }

    public Task<bool> CanAcceptFromAsync(ISessionContext context, IMailbox from, int size, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task<bool> CanDeliverToAsync(ISessionContext context, IMailbox to, IMailbox from, CancellationToken cancellationToken) =>
        Task.FromResult(to.User != "refuse");

    public async ValueTask DisposeAsync() => await Close();
}
