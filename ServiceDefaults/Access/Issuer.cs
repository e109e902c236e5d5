using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace SecondOpinion.ServiceDefaults.Access;

/// <summary>The issuer of tokens cannot be asked, and nothing is known of it yet.</summary>
internal sealed class IssuerAwayException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// What the issuer publishes: its endpoints and its signing keys. Read at first need and again every five minutes; a token of a key that is not known makes it
/// be read at once (but not more often than every ten seconds, whatever callers send), so keys rotate without a restart. While the issuer is away what was last
/// read holds.
/// </summary>
internal sealed partial class Issuer : IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    private static readonly TimeSpan KeepFresh = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan BetweenForced = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BetweenFailures = TimeSpan.FromSeconds(1);
    private readonly Uri _authority;
    private readonly ILogger<Issuer> _logger;
    private readonly HttpDocumentRetriever _documents;
    private readonly SemaphoreSlim _oneReader = new(1, 1);
    private OpenIdConnectConfiguration? _known;
    private long? _readAt;
    private long? _triedAt;
    private long? _forcedAt;

    public Issuer(IdentityOptions options, ILogger<Issuer> logger)
    {
        (_authority, _logger) = (options.Authority!, logger);
        Http = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(2), PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
        {
            Timeout = TimeSpan.FromSeconds(5),
            MaxResponseContentBufferSize = 1 << 20,
        };
        _documents = new HttpDocumentRetriever(Http) { RequireHttps = _authority.Scheme == Uri.UriSchemeHttps };
    }

    /// <summary>For every call to the issuer.</summary>
    public HttpClient Http { get; }

    /// <exception cref="IssuerAwayException">It was never reached.</exception>
    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        if (_known is { } known && Since(_readAt) < KeepFresh)
        {
            return known;
        }

        return await Read(isForced: false, cancel) ?? throw new IssuerAwayException($"{_authority} does not answer.");
    }

    /// <summary>Whether something is known of it; tries once when nothing is.</summary>
    public async Task<bool> WasReached(CancellationToken cancel) => (_known ?? await Read(isForced: false, cancel)) is not null;

    public void RequestRefresh() => _readAt = null;

    /// <summary>Whether the issuer signs with this key; it is asked again before the answer is no.</summary>
    /// <exception cref="IssuerAwayException">It was never reached.</exception>
    public async Task<bool> Signs(string kid, CancellationToken cancel)
    {
        var known = await GetConfigurationAsync(cancel);
        return Has(known, kid) || (await Read(isForced: true, cancel) is { } again && Has(again, kid));
    }

    public void Dispose()
    {
        Http.Dispose();
        _oneReader.Dispose();
    }

    private static bool Has(OpenIdConnectConfiguration configuration, string kid) => configuration.SigningKeys.Any(key => key.KeyId == kid);

    private static TimeSpan Since(long? at) => at is { } timestamp ? Stopwatch.GetElapsedTime(timestamp) : TimeSpan.MaxValue;

    /// <summary>One reads, those who came meanwhile take what it found.</summary>
    private async Task<OpenIdConnectConfiguration?> Read(bool isForced, CancellationToken cancel)
    {
        var before = _known;
        await _oneReader.WaitAsync(cancel);
        try
        {
            if (!ReferenceEquals(before, _known) || Since(isForced ? _forcedAt : _triedAt) < (isForced ? BetweenForced : BetweenFailures))
            {
                return _known;
            }

            _triedAt = Stopwatch.GetTimestamp();
            _forcedAt = isForced ? _triedAt : _forcedAt;
            var read = await OpenIdConnectConfigurationRetriever.GetAsync(
                $"{_authority.AbsoluteUri.TrimEnd('/')}/.well-known/openid-configuration", _documents, cancel);
            if (read.Issuer?.TrimEnd('/') != _authority.AbsoluteUri.TrimEnd('/'))
            {
                throw new IssuerAwayException($"{_authority} says that it is {read.Issuer}.");
            }

            (_known, _readAt) = (read, _triedAt);
        }
        catch (Exception exception) when (!cancel.IsCancellationRequested)
        {
            Log.NotRead(_logger, _authority, exception.GetBaseException().GetType().Name);
        }
        finally
        {
            _oneReader.Release();
        }

        return _known;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "What {Authority} publishes could not be read: {Cause}")]
        public static partial void NotRead(ILogger logger, Uri authority, string cause);
    }
}
