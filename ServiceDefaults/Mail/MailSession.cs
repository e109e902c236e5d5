using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace SecondOpinion.ServiceDefaults.Mail;

/// <summary>What became of a mail that a server was asked to take.</summary>
public enum Posted
{
    Taken,

    /// <summary>The server will never deliver to this address.</summary>
    AddressRefused,
}

/// <summary>
/// One connection to a mail server for the mails of one pass. What the server answers goes into no log and no exception: it repeats the address.
/// </summary>
public sealed class MailSession : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly SmtpClient _client;

    private MailSession(SmtpClient client) => _client = client;

    /// <exception cref="MailNotSentException">The server is away, speaks no TLS, or is not the one that it should be.</exception>
    public static async Task<MailSession> Open(MailServer server, CancellationToken cancel)
    {
        var client = new SmtpClient { Timeout = (int)Patience.TotalMilliseconds };
        if (MailTrust.Of(server) is { } trust)
        {
            client.ServerCertificateValidationCallback = trust;
        }

        try
        {
            await client.ConnectAsync(server.Host, server.Port, Encryption(server.Tls, server.Port, wrapped: 465), cancel);
            if (server.User.Length > 0)
            {
                await client.AuthenticateAsync(server.User, server.Password, cancel);
            }

            return new MailSession(client);
        }
        catch (Exception exception)
        {
            client.Dispose();
            throw IsMailFault(exception) ? new MailNotSentException(exception.GetType().Name) : exception;
        }
    }

    /// <param name="tls">Whether the connection is encrypted at all.</param>
    /// <param name="port">Of the server.</param>
    /// <param name="wrapped">The port on which encryption begins with the first byte.</param>
    public static SecureSocketOptions Encryption(bool tls, int port, int wrapped) =>
        !tls ? SecureSocketOptions.None : port == wrapped ? SecureSocketOptions.SslOnConnect : SecureSocketOptions.StartTls;

    /// <summary>Asked before a mail is claimed: nothing is claimed that cannot be sent.</summary>
    /// <exception cref="MailNotSentException">The connection was lost.</exception>
    public void CheckOpen()
    {
        if (!_client.IsConnected)
        {
            throw new MailNotSentException("the connection was lost");
        }
    }

    /// <exception cref="MailNotSentException">The server did not take it for now.</exception>
    public async Task<Posted> Send(MimeMessage message, CancellationToken cancel)
    {
        CheckOpen();
        try
        {
            await _client.SendAsync(message, cancel);
            return Posted.Taken;
        }
        catch (SmtpCommandException refused) when (refused.ErrorCode == SmtpErrorCode.RecipientNotAccepted && (int)refused.StatusCode >= 500)
        {
            return Posted.AddressRefused;
        }
        catch (Exception exception) when (IsMailFault(exception))
        {
            throw new MailNotSentException(exception.GetType().Name);
        }
    }

    /// <summary>Says goodbye; a server that is gone by then has taken everything all the same.</summary>
    public async Task Close(CancellationToken cancel)
    {
        if (_client.IsConnected)
        {
            await _client.DisconnectAsync(quit: true, cancel);
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>The server, the network or its certificate is at fault, and not this program.</summary>
    public static bool IsMailFault(Exception exception) => exception is ProtocolException or CommandException or AuthenticationException
        or ServiceNotConnectedException or ServiceNotAuthenticatedException or SocketException or IOException or SslHandshakeException or TimeoutException
        or NotSupportedException;
}

/// <summary>The server was away or did not take the mail for now.</summary>
public sealed class MailNotSentException(string kind) : Exception($"The mail server did not take the mail ({kind}); it is tried again.");
