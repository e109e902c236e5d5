namespace SecondOpinion.ServiceDefaults;

/// <summary>The name of this service in telemetry, tokens and queues: <c>intake</c>, <c>billing</c>…</summary>
public sealed record ServiceName(string Value);
