using System.Reflection;
using MassTransit;

namespace SecondOpinion.ServiceDefaults.Messaging;

/// <summary>What a service does when it hears of an event. A class may hear several; all of them come through its one queue.</summary>
public interface IHandle<TEvent> where TEvent : class
{
    /// <summary>What it throws brings the message back: soon, a few times, and then into the dead queue. While the database is away it only waits.</summary>
    Task Handle(Delivery<TEvent> delivery);
}

/// <param name="Event">The event.</param>
/// <param name="MessageId">The same for each copy of one message.</param>
/// <param name="Cancel">The service stops: the message will come again.</param>
public sealed record Delivery<TEvent>(TEvent Event, Guid MessageId, CancellationToken Cancel) where TEvent : class;

/// <summary>Who handles events in a service: each class has a queue of its own, <c>service-name-of-the-class</c>.</summary>
public sealed class Handlers
{
    private readonly List<Type> _all = [];

    internal IReadOnlyList<Type> All => _all;

    /// <exception cref="InvalidOperationException">The class handles no event.</exception>
    public void Add<THandler>() where THandler : class
    {
        if (!Events(typeof(THandler)).Any())
        {
            throw new InvalidOperationException($"{typeof(THandler).Name} implements no IHandle<…>.");
        }

        _all.Add(typeof(THandler));
    }

    internal static IEnumerable<Type> Events(Type handler) =>
        handler.GetInterfaces().Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IHandle<>)).Select(i => i.GetGenericArguments()[0]);
}

/// <summary>What an event is called outside of this program.</summary>
public static class EventName
{
    /// <exception cref="InvalidOperationException">It is no event of the contracts.</exception>
    public static string Of<TEvent>() => Named<TEvent>.Value;

    private static class Named<TEvent>
    {
        public static readonly string Value = typeof(TEvent).GetCustomAttribute<EntityNameAttribute>()?.EntityName
            ?? throw new InvalidOperationException($"{typeof(TEvent).Name} has no [EntityName]: it cannot be named.");
    }
}
