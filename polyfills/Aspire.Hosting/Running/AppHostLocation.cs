using System.Reflection;

namespace Aspire.Hosting.Running;

/// <summary>The folder of the AppHost project, to which project paths in the model are relative.</summary>
internal static class AppHostLocation
{
    public static string Find(Assembly? assembly)
    {
        // The original's SDK writes this attribute; a project that has no such SDK is found from where its assembly lies (bin/Debug/net10.0).
        var written = assembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(static attribute => string.Equals(attribute.Key, "apphostprojectpath", StringComparison.OrdinalIgnoreCase))?.Value;
        if (!string.IsNullOrEmpty(written) && Directory.Exists(written))
        {
            return written;
        }

        var from = string.IsNullOrEmpty(assembly?.Location) ? AppContext.BaseDirectory : Path.GetDirectoryName(assembly.Location)!;
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            if (folder.EnumerateFiles("*.csproj").Any())
            {
                return folder.FullName;
            }
        }

        return Directory.GetCurrentDirectory();
    }
}
