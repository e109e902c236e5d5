namespace SecondOpinion.AppHost;

/// <summary>Names this assembly for those who start its model elsewhere (<c>DistributedApplicationTestingBuilder.CreateAsync&lt;Entry&gt;</c>).</summary>
internal sealed class Entry;
