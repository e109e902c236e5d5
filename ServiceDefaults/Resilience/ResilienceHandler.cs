using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace SecondOpinion.ServiceDefaults.Resilience;

/// <summary>
/// One pipeline per called service: total time limit, retry with jitter, breaker. A call is retried only when it cannot have been carried out: the connection
/// was refused, or the method is safe and the answer was 502, 503 or 504. Anything else may have had its effect and is the caller's to judge.
/// </summary>
internal sealed class ResilienceHandler(TimeProvider time) : DelegatingHandler
{
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            MaxRetryAttempts = 3,
            Delay = TimeSpan.FromMilliseconds(100),
            MaxDelay = TimeSpan.FromSeconds(1),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            ShouldHandle = arguments => ValueTask.FromResult(NeverSent(arguments.Outcome.Exception) || SafeAndAway(arguments.Outcome.Result)),
        })
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
        {
            FailureRatio = 0.5,
            MinimumThroughput = 10,
            SamplingDuration = TimeSpan.FromSeconds(10),
            BreakDuration = TimeSpan.FromSeconds(3),
            ShouldHandle = arguments => ValueTask.FromResult(
                arguments.Outcome.Exception is HttpRequestException || (int?)arguments.Outcome.Result?.StatusCode is 502 or 503 or 504),
        })
        .Build();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(async token => await base.SendAsync(request, token), cancellationToken);
        }
        catch (BrokenCircuitException open)
        {
            // Callers (and gRPC's status mapping) know this one: the service is unavailable.
            throw new HttpRequestException(HttpRequestError.ConnectionError, "The circuit is open: the service has just failed several times.", open);
        }
    }

    private static bool NeverSent(Exception? exception) =>
        exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };

    private static bool SafeAndAway(HttpResponseMessage? response) =>
        (int?)response?.StatusCode is 502 or 503 or 504 && response.RequestMessage?.Method is { } method && (method == HttpMethod.Get || method == HttpMethod.Head);
}
