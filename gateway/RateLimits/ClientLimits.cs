using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Security.Claims;
using System.Threading.RateLimiting;
using SecondOpinion.Gateway.Edge;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Gateway.RateLimits;

/// <summary>Section <c>RateLimits</c>: a quota for each kind of client.</summary>
internal sealed class RateLimitOptions : ISettings
{
    public static string Section => "RateLimits";

    /// <summary>All tokens of one insurer together.</summary>
    [Required]
    public Quota Partner { get; set; } = new() { Permits = 600 };

    /// <summary>One patient or physician.</summary>
    [Required]
    public Quota User { get; set; } = new() { Permits = 1200 };

    /// <summary>One phone agent, member of the council or operator.</summary>
    [Required]
    public Quota Staff { get; set; } = new() { Permits = 6000 };

    /// <summary>One address without a valid token.</summary>
    [Required]
    public Quota Anonymous { get; set; } = new() { Permits = 300 };

    /// <summary>The emergency screen, by address: apart from the rest, so that it still answers whoever has used up everything else.</summary>
    [Required]
    public Quota Emergency { get; set; } = new() { Permits = 300 };

    /// <summary>Requests of one client under way at one time, streams included.</summary>
    public int AtOnce { get; set; } = 100;

    public string? Fault() => AtOnce > 0 && new[] { Partner, User, Staff, Anonymous, Emergency }.All(q => q.Permits > 0 && q.WindowSeconds > 0)
        ? null
        : "RateLimits: AtOnce and every quota's Permits and WindowSeconds must be above 0.";
}

internal sealed class Quota
{
    public int Permits { get; set; }

    public int WindowSeconds { get; set; } = 60;
}

/// <summary>
/// Counts each client's requests and says on every answer what is left: <c>RateLimit-Policy: "partner";q=600;w=60</c>,
/// <c>RateLimit: "partner";r=50;t=30</c>. Names and form of the fields follow a draft that may still change; they are written here only.
/// </summary>
internal sealed class ClientLimits : IDisposable
{
    private static readonly string[] Policies = ["partner", "staff", "user", "emergency", "anonymous"];
    private const string EmergencyScreen = "/api/v1/orientation/emergency-screen";
    private readonly RateLimitOptions _options;
    private readonly PartitionedRateLimiter<Client> _limiter;
    private readonly PartitionedRateLimiter<Client> _atOnce;
    private readonly FrozenDictionary<string, string> _fields;

    public ClientLimits(RateLimitOptions options, TimeProvider time)
    {
        _options = options;
        _fields = Policies.ToFrozenDictionary(policy => policy, policy => $"\"{policy}\";q={QuotaOf(policy).Permits};w={QuotaOf(policy).WindowSeconds}");
        _limiter = PartitionedRateLimiter.Create<Client, Client>(client => RateLimitPartition.Get(client, c =>
        {
            var quota = QuotaOf(c.Policy);
            return new FixedWindow(quota.Permits, TimeSpan.FromSeconds(quota.WindowSeconds), time);
        }));
        _atOnce = PartitionedRateLimiter.Create<Client, Client>(client => RateLimitPartition.GetConcurrencyLimiter(
            client, _ => new ConcurrencyLimiterOptions { PermitLimit = _options.AtOnce }));
    }

    public async Task Count(HttpContext context, RequestDelegate next)
    {
        var client = Identify(context);
        var quota = QuotaOf(client.Policy);
        using var lease = _limiter.AttemptAcquire(client);
        lease.TryGetMetadata(FixedWindow.Remaining, out var remaining);
        lease.TryGetMetadata(FixedWindow.Reset, out var reset);
        var seconds = Math.Max(1, (int)Math.Ceiling(reset.TotalSeconds));
        context.Response.OnStarting(() =>
        {
            context.Response.Headers["RateLimit-Policy"] = _fields[client.Policy];
            context.Response.Headers["RateLimit"] = $"\"{client.Policy}\";r={remaining};t={seconds}";
            return Task.CompletedTask;
        });
        if (lease.IsAcquired)
        {
            using var place = _atOnce.AttemptAcquire(client);
            if (place.IsAcquired)
            {
                await next(context);
                return;
            }

            await Problems.UnderWay(_options.AtOnce).ExecuteAsync(context);
            return;
        }

        await Problems.QuotaSpent(client.Policy, quota.Permits, quota.WindowSeconds, seconds).ExecuteAsync(context);
    }

    public void Dispose()
    {
        _limiter.Dispose();
        _atOnce.Dispose();
    }

    private static Client Identify(HttpContext context)
    {
        if (context.Request.Path.StartsWithSegments(EmergencyScreen, StringComparison.OrdinalIgnoreCase))
        {
            return new Client("emergency", Network(context.Connection.RemoteIpAddress));
        }

        if (context.User.Identity is not { IsAuthenticated: true })
        {
            return new Client("anonymous", Network(context.Connection.RemoteIpAddress));
        }

        var subject = context.User.FindFirstValue("sub") ?? "unknown";
        return context.User.FindFirstValue("role") switch
        {
            Roles.Partner => new Client("partner", context.User.FindFirstValue("insurer_id") ?? subject),
            Roles.Agent or Roles.Council or Roles.Ops => new Client("staff", subject),
            _ => new Client("user", subject),
        };
    }

    private static string Network(IPAddress? address) => address is null ? "unknown" : ConnectionsByAddress.Network(address).ToString();

    private Quota QuotaOf(string policy) => policy switch
    {
        "partner" => _options.Partner,
        "staff" => _options.Staff,
        "user" => _options.User,
        "emergency" => _options.Emergency,
        _ => _options.Anonymous,
    };

    private readonly record struct Client(string Policy, string Key);
}

internal static class ClientLimitsPipeline
{
    public static void AddClientLimits(this WebApplicationBuilder builder)
    {
        builder.AddSettings<RateLimitOptions>();
        builder.Services.AddSingleton<ClientLimits>();
    }

    /// <summary>Pages about nobody, most of them answered from memory: who needs help may always read them.</summary>
    private static bool IsFree(HttpRequest request) =>
        request.Path == "/health" || request.Path == "/alive"
        || (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            && request.Path.StartsWithSegments("/api/v1/orientation", StringComparison.OrdinalIgnoreCase);

    /// <summary>After authentication, which says who it is, and before authorization, so that refused attempts count too. Probes do not count.</summary>
    public static void UseClientLimits(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<ClientLimits>();
        app.Use((HttpContext context, RequestDelegate next) =>
            IsFree(context.Request) ? next(context) : limits.Count(context, next));
    }
}
