using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Gateway.DeadLetters;

/// <summary>
/// What the services gave up, over all of them, and the way back: <c>./run redrive</c> prints and asks this. The services do the work and keep the record; one
/// that does not answer is named.
/// </summary>
internal static class RedriveDeadLetters
{
    /// <param name="Services">What each has waiting and dead.</param>
    /// <param name="Unanswered">Services that could not be asked.</param>
    public sealed record Overview(IReadOnlyDictionary<string, MessagingState> Services, IReadOnlyList<string> Unanswered);

    /// <param name="Moved">Messages that are back in their queues.</param>
    /// <param name="Parked">Events of outboxes that are tried again.</param>
    /// <param name="Unanswered">Services that could not be asked, or did not do it: ask again.</param>
    public sealed record Redriven(IReadOnlyList<DeadLetter> Moved, int Parked, IReadOnlyList<string> Unanswered);

    public static void Map(WebApplication app)
    {
        var doors = app.MapGroup($"{Routes.Api}/dead-letters").AllowRoles(Roles.Ops).ExcludeFromDescription();
        doors.MapGet("", Show);
        doors.MapGet("/{queue}", List);
        doors.MapPost("/redrive", Redrive);
    }

    private static async Task<Ok<Overview>> Show(Asked asked, CancellationToken cancel)
    {
        var answers = await Task.WhenAll(
            Routes.Services.Select(async service => (service, State: await asked.Of<MessagingState>(service, HttpMethod.Get, "/dead-letters", null, cancel))));
        return TypedResults.Ok(new Overview(
            answers.Where(a => a.State is not null).ToDictionary(a => a.service, a => a.State!),
            [.. answers.Where(a => a.State is null).Select(a => a.service)]));
    }

    private static async Task<Results<Ok<IReadOnlyList<DeadLetter>>, Problem>> List(string queue, Asked asked, CancellationToken cancel) =>
        ServiceOf(queue) is { } service
            && await asked.Of<IReadOnlyList<DeadLetter>>(service, HttpMethod.Get, $"/dead-letters/{Uri.EscapeDataString(queue)}", null, cancel) is { } letters
            ? TypedResults.Ok(letters)
            : CommonProblems.Absent();

    private static async Task<Results<Ok<Redriven>, Problem>> Redrive(RedriveRequest request, Asked asked, CancellationToken cancel)
    {
        if (request is { Queue: null, MessageId: null, DiedBefore: null })
        {
            return CommonProblems.Invalid(
                new FieldError("#/queue", "required", "Indiquez une file (queue), un message (messageId) ou un instant (diedBefore)."));
        }

        if (request.Queue is { } queue && !await IsKnown(queue, asked, cancel))
        {
            return CommonProblems.Invalid(new FieldError("#/queue", "unknown_queue", "Cette file n'existe pas : GET /api/v1/dead-letters les nomme."));
        }

        var services = request.Queue is null ? Routes.Services : [ServiceOf(request.Queue)!];
        var answers = await Task.WhenAll(
            services.Select(async service =>
                (service, Answer: await asked.Of<RedriveAnswer>(service, HttpMethod.Post, "/dead-letters/redrive", request, cancel))));
        return TypedResults.Ok(new Redriven(
            [.. answers.SelectMany(a => a.Answer?.Moved ?? [])], answers.Sum(a => a.Answer?.Parked ?? 0),
            [.. answers.Where(a => a.Answer is null).Select(a => a.service)]));
    }

    /// <summary>A name that is not there must not look like a service that is away; whether it is there, the service knows.</summary>
    private static async Task<bool> IsKnown(string queue, Asked asked, CancellationToken cancel) =>
        ServiceOf(queue) is { } service
        && (queue == $"{service}-outbox" || await asked.Of<MessagingState>(service, HttpMethod.Get, "/dead-letters", null, cancel) is not { } state
            || state.Queues.Any(q => q.Name == queue));

    private static string? ServiceOf(string queue) => Routes.Services.FirstOrDefault(service => queue.StartsWith($"{service}-", StringComparison.Ordinal));
}
