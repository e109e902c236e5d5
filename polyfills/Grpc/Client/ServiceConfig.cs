namespace Grpc.Net.Client.Configuration;

public sealed class ServiceConfig
{
    /// <summary>The first one known is used; none means pick first.</summary>
    public IList<LoadBalancingConfig> LoadBalancingConfigs { get; } = [];
}

public abstract class LoadBalancingConfig
{
    private protected LoadBalancingConfig(string policyName) => PolicyName = policyName;

    public string PolicyName { get; }
}

/// <summary>Calls go to every address in turn.</summary>
public sealed class RoundRobinConfig() : LoadBalancingConfig("round_robin");

/// <summary>Calls go to one address as long as it can be reached.</summary>
public sealed class PickFirstConfig() : LoadBalancingConfig("pick_first");
