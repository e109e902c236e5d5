using Microsoft.Extensions.Configuration;

namespace SecondOpinion.AppHost;

/// <summary>What ./run was asked for; see ./run --help.</summary>
/// <param name="DataFolder">Absolute; everything that is kept between runs.</param>
/// <param name="Once">Stop when the story has ended.</param>
/// <param name="Demo">Play the sample case.</param>
/// <param name="Port">The gateway's port; null for the first free one from 8080.</param>
internal sealed record RunOptions(string DataFolder, bool Once, bool Demo, int? Port)
{
    public const string DefaultDataFolder = ".data";

    public static RunOptions Read(IConfiguration configuration) => new(
        Path.GetFullPath(configuration["Host:Data"] ?? DefaultDataFolder),
        configuration.GetValue("once", false),
        !configuration.GetValue("no-demo", false),
        configuration.GetValue<int?>("port") ?? FreePort.From(8080));
}
