namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>
/// The queue of one handler. All that belongs to it begins with its name, and that with its service's: exchange and queue <c>NAME</c>, exchange and queue
/// <c>NAME_dead</c>. So one rule gives a service's broker user its rights: configure, write and read <c>^SERVICE-</c> (dead-lettering by the broker needs read
/// on <c>NAME</c> and write on <c>NAME_dead</c>), and bind and publish on the exchanges of its contracts.
/// </summary>
internal sealed record Queue(string Name)
{
    /// <summary>
    /// Deliveries that ended with the death of the consumer, until the broker gives the message up. Returned neighbours count too: they are in the dead queue
    /// beside it.
    /// </summary>
    public const int DeliveryLimit = 5;

    /// <summary>
    /// Where a message goes that cannot be handled: moved by the service when its handler threw for the last time, by the broker when it killed its consumer.
    /// </summary>
    public string Dead => Name + "_dead";

    /// <summary>What makes a queue survive: replicated, nothing dropped. Arguments never change on an existing queue: see <see cref="QueueUpgrade"/>.</summary>
    public IReadOnlyDictionary<string, object?> Arguments => new Dictionary<string, object?>
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = DeliveryLimit,
        ["x-dead-letter-exchange"] = Dead,
        // The broker keeps the message until the dead queue has confirmed it. Only with reject-publish: with drop-head it silently loses what it cannot place.
        ["x-dead-letter-strategy"] = "at-least-once",
        ["x-overflow"] = "reject-publish",
    };

    /// <summary>No limit: what lies here is never given up.</summary>
    public static IReadOnlyDictionary<string, object?> DeadArguments { get; } = new Dictionary<string, object?> { ["x-queue-type"] = "quorum" };
}

/// <summary>The queues of this service.</summary>
/// <param name="Service">Its name.</param>
/// <param name="All">One a handler.</param>
internal sealed record Queues(string Service, IReadOnlyList<Queue> All)
{
    /// <summary>
    /// <c>intake</c>, <c>MarkOffered</c>: <c>intake-mark-offered</c>. Queues outlive the program: to rename a class is to leave its queue behind.
    /// </summary>
    public static Queue Of(string service, Type handler) =>
        new($"{service}{string.Concat(handler.Name.Select(c => char.IsUpper(c) ? $"-{char.ToLowerInvariant(c)}" : c.ToString()))}");

    public Queue? Find(string name) => All.FirstOrDefault(q => q.Name == name);
}
