using System.Reflection;
using System.Text.RegularExpressions;
using MassTransit;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;

namespace SecondOpinion.Contracts;

/// <summary>Which service hears which events. The rights of its user at the broker follow from it, so what is not named here cannot be heard.</summary>
public static class Subscriptions
{
    public static IReadOnlyDictionary<string, IReadOnlyList<Type>> All { get; } = new Dictionary<string, IReadOnlyList<Type>>
    {
        // Nothing that names a pathology or an outcome.
        ["billing"] = [typeof(OpinionDelivered), typeof(CaseWithdrawn), typeof(CaseErased)],
        ["intake"] = [typeof(CaseOffered), typeof(OfferClosed), typeof(CaseAssigned), typeof(CaseEscalated), typeof(OpinionDelivered)],
        ["matching"] =
        [
            typeof(PhysicianAdmitted), typeof(AvailabilityChanged), typeof(CaseCompleted), typeof(CaseWithdrawn), typeof(InformationProvided),
            typeof(InformationRequested), typeof(OfferAccepted), typeof(OfferDeclined), typeof(OpinionProgressed), typeof(OpinionDelivered),
            typeof(CaseErased),
        ],
        ["physician"] =
        [
            typeof(CaseOffered), typeof(OfferClosed), typeof(CaseAssigned), typeof(InformationProvided), typeof(PhysicianReminded), typeof(CaseErased),
            typeof(ConsentChanged),
        ],
        // All there are.
        ["reporting"] = [.. typeof(Subscriptions).Assembly.GetTypes().Where(t => t.GetCustomAttribute<EntityNameAttribute>() is not null)],
    };
}

/// <summary>
/// What a service's user may do at RabbitMQ, as its permissions have it: regular expressions over names of exchanges and queues. All that is the service's own
/// begins with <c>SERVICE-</c> (its queues) or <c>SERVICE.</c> (the exchanges of its events). It reads the exchanges of the events that it hears, and may
/// declare them, since it may be there before their publisher.
/// </summary>
/// <param name="Configure">Declare and delete.</param>
/// <param name="Write">Publish to an exchange, bind a queue.</param>
/// <param name="Read">Take from a queue, bind to an exchange.</param>
public sealed record BrokerRights(string Configure, string Write, string Read)
{
    /// <exception cref="KeyNotFoundException"><see cref="Subscriptions"/> does not name the service.</exception>
    public static BrokerRights Of(string service) => Of(service, Subscriptions.All[service]);

    /// <param name="hears">Events that it handles.</param>
    public static BrokerRights Of(string service, IEnumerable<Type> hears)
    {
        var own = $@"{Regex.Escape(service)}[-.].+";
        var heard = hears.Select(e => Regex.Escape(e.GetCustomAttribute<EntityNameAttribute>()!.EntityName)).Order(StringComparer.Ordinal).ToList();
        return new BrokerRights(Any([own, .. heard]), Any([own]), Any([$"{Regex.Escape(service)}-.+", .. heard]));
    }

    private static string Any(IEnumerable<string> names) => $"^({string.Join('|', names)})$";
}
