using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SecondOpinion.Reporting.Mission;

/// <summary>
/// The seal of a report: whoever holds the same data and the same program gets the same one, and a figure that was changed by hand does not fit it.
/// </summary>
internal static class Sealing
{
    /// <summary>The commit it was built from, and the compiler's own mark of this very code: builds are deterministic.</summary>
    private static readonly string Code =
        $"{typeof(Sealing).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion}"
        + $" ({typeof(Sealing).Module.ModuleVersionId:n})";

    public static MissionReport.ReportSeal Of(MissionReport unsealed)
    {
        var data = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(unsealed, JsonSerializerOptions.Web)));
        return new MissionReport.ReportSeal(data, Code, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{data} {Code}"))));
    }
}
