using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Running;

internal static class Dependencies
{
    /// <summary>How far above the resources that need nothing. Circles (two services that know each other) are cut where they close.</summary>
    public static int Depth(IResource resource) => Depth(resource, []);

    private static int Depth(IResource resource, HashSet<IResource> above)
    {
        if (!above.Add(resource))
        {
            return 0;
        }

        var depth = 0;
        foreach (var needed in Needed(resource))
        {
            depth = Math.Max(depth, 1 + Depth(needed, above));
        }

        above.Remove(resource);
        return depth;
    }

    private static IEnumerable<IResource> Needed(IResource resource)
    {
        var related = resource.Annotations.OfType<ResourceRelationshipAnnotation>().Select(static relation => relation.Resource);
        return (resource is IResourceWithParent { Parent: var parent } ? related.Append(parent) : related).Distinct();
    }
}
