using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace SecondOpinion.Tests.Physician.Sharing;

/// <summary>As much of an IMAP4rev1 server (RFC 3501), with STARTTLS, as a reader of one inbox needs.</summary>
public sealed partial class ImapServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly X509Certificate2 _certificate;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, Letter> _inbox = [];
    private readonly List<Task> _sessions = [];
    private readonly Task _serving;
    private int _next;

    public ImapServer(X509Certificate2 certificate)
    {
        _certificate = certificate;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _serving = Serve();
    }

    public int Port { get; }

    /// <summary>Whether the last password came through an encrypted connection.</summary>
    public bool Encrypted { get; private set; }

    /// <summary>What lies in the inbox: number and flags.</summary>
    public IReadOnlyList<(int Uid, string Flags)> Inbox
    {
        get
        {
            lock (_gate)
            {
                return [.. _inbox.Select(l => (l.Key, string.Join(' ', l.Value.Flags)))];
            }
        }
    }

    public int Put(string mail)
    {
        lock (_gate)
        {
            _inbox[++_next] = new Letter(Encoding.UTF8.GetBytes(mail.ReplaceLineEndings("\r\n")), []);
            return _next;
        }
    }

    /// <summary>Nobody is answered any more, and whoever is connected is cut off.</summary>
    public async Task Close()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _serving;
        await Task.WhenAll(_sessions);
    }

    public async ValueTask DisposeAsync()
    {
        await Close();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                _sessions.Add(Session(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException && _end.IsCancellationRequested)
        {
            // The test ends.
        }
    }

    private async Task Session(TcpClient client)
    {
        using (client)
        {
            try
            {
                await Talk(client);
            }
            catch (Exception left) when (left is IOException or OperationCanceledException)
            {
                // The client left, or the test ends.
            }
        }
    }

    private async Task Talk(TcpClient client)
    {
        Stream stream = client.GetStream();
        await Say(stream, "* OK ready");
        while (await Line(stream) is { } line)
        {
            var words = line.Split(' ', 3);
            var (tag, command) = (words[0], words[1].ToUpperInvariant());
            if (command == "STARTTLS")
            {
                await Say(stream, $"{tag} OK begin");
                var secure = new SslStream(stream);
                await secure.AuthenticateAsServerAsync(_certificate);
                stream = secure;
                continue;
            }

            Encrypted = command == "LOGIN" ? stream is SslStream : Encrypted;
            foreach (var answer in Answers(command, words.Length > 2 ? words[2] : ""))
            {
                await Say(stream, answer);
            }

            await Say(stream, $"{tag} OK {(command == "SELECT" ? "[READ-WRITE] " : "")}done");
            if (command == "LOGOUT")
            {
                return;
            }
        }
    }

    private IEnumerable<string> Answers(string command, string rest)
    {
        lock (_gate)
        {
            return command switch
            {
                "CAPABILITY" => ["* CAPABILITY IMAP4rev1 STARTTLS"],
                "LIST" => [rest == "\"\" \"\"" ? "* LIST (\\Noselect) \"/\" \"\"" : "* LIST () \"/\" \"INBOX\""],
                "SELECT" =>
                [
                    $"* {_inbox.Count} EXISTS", "* 0 RECENT", @"* FLAGS (\Seen \Flagged \Deleted)", @"* OK [PERMANENTFLAGS (\Seen \Flagged \Deleted)] kept",
                    "* OK [UIDVALIDITY 1] valid", $"* OK [UIDNEXT {_next + 1}] next",
                ],
                "UID" => Uid(rest),
                "EXPUNGE" => Expunge(),
                "LOGOUT" => ["* BYE"],
                _ => [],
            };
        }
    }

    private List<string> Uid(string rest)
    {
        var parts = rest.Split(' ', 3);
        if (parts[0].Equals("SEARCH", StringComparison.OrdinalIgnoreCase))
        {
            return ["* SEARCH" + string.Concat(_inbox.Where(l => l.Value.Flags.Count == 0).Select(l => $" {l.Key}"))];
        }

        var uid = int.Parse(parts[1], CultureInfo.InvariantCulture);
        var letter = _inbox[uid];
        var sequence = _inbox.Keys.TakeWhile(k => k != uid).Count() + 1;
        if (parts[0].Equals("FETCH", StringComparison.OrdinalIgnoreCase))
        {
            return [$"* {sequence} FETCH (UID {uid} BODY[] {{{letter.Content.Length}}}\r\n{Encoding.UTF8.GetString(letter.Content)})"];
        }

        letter.Flags.UnionWith(Flag().Matches(parts[2]).Select(m => m.Value));
        return [];
    }

    private List<string> Expunge()
    {
        var answers = new List<string>();
        foreach (var uid in _inbox.Where(l => l.Value.Flags.Contains(@"\Deleted")).Select(l => l.Key).ToList())
        {
            answers.Add($"* {_inbox.Keys.TakeWhile(k => k != uid).Count() + 1} EXPUNGE");
            _inbox.Remove(uid);
        }

        return answers;
    }

    private async Task<string?> Line(Stream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one, _end.Token) == 1)
        {
            if (one[0] == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append((char)one[0]);
        }

        return null;
    }

    private static async Task Say(Stream stream, string line) => await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\r\n"));

    [GeneratedRegex(@"\\[A-Za-z]+", RegexOptions.None, 1000)]
    private static partial Regex Flag();

    private sealed record Letter(byte[] Content, HashSet<string> Flags);
}
