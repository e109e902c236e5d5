namespace SecondOpinion.ServiceDefaults.Description;

/// <summary>
/// Tells of somebody's health (GDPR article 9). The API description marks it <c>x-data-class: health</c>, and a test holds that no operation open to insurers
/// refers to it, directly or through what it holds.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class HealthDataAttribute : Attribute;
