namespace SecondOpinion.ServiceDefaults.Resilience;

/// <summary>gRPC deadlines belong to the wire: they are counted on the machine's clock, whatever clock the rules go by.</summary>
public static class Deadline
{
    public static DateTime In(TimeSpan limit) => (TimeProvider.System.GetUtcNow() + limit).UtcDateTime;
}
