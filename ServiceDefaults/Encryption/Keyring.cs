using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>
/// The installation's keys, by version, from <c>Encryption:Keys:{version}</c> (base64 of 32 bytes); <c>Encryption:CurrentKey</c> names the one that wraps new
/// cases. Former versions stay until every service has moved its cases to the current one: <c>./run keys</c> says when.
/// </summary>
public sealed class Keyring
{
    private readonly Dictionary<string, byte[]> _keys = [];

    /// <exception cref="InvalidOperationException">A key is missing or is not 32 bytes: the service must not start.</exception>
    public Keyring(IConfiguration configuration)
    {
        // A blank value is a key taken away: an environment variable can be emptied where a file above still names it.
        foreach (var entry in configuration.GetSection("Encryption:Keys").GetChildren().Where(k => !string.IsNullOrWhiteSpace(k.Value)))
        {
            var key = new byte[Envelope.KeySize + 1];
            if (!Convert.TryFromBase64String(entry.Value ?? "", key, out var length) || length != Envelope.KeySize)
            {
                throw new InvalidOperationException(
                    $"Encryption:Keys:{entry.Key} is not base64 of {Envelope.KeySize} bytes. Make one with `openssl rand -base64 32`.");
            }

            _keys[entry.Key] = key[..Envelope.KeySize];
        }

        Current = configuration["Encryption:CurrentKey"] ?? throw new InvalidOperationException(
            "Encryption:CurrentKey is not set: the service does not start without a key for what patients entrust to it. "
            + "Set Encryption:Keys:v1 (base64 of 32 bytes, e.g. `openssl rand -base64 32`) and Encryption:CurrentKey to v1; AppHost does it for local runs.");
        if (!_keys.ContainsKey(Current))
        {
            throw new InvalidOperationException($"Encryption:CurrentKey is '{Current}', but Encryption:Keys:{Current} is not set.");
        }
    }

    public string Current { get; }

    public IReadOnlyCollection<string> Versions => _keys.Keys;

    public byte[] Wrap(Guid caseId, ReadOnlySpan<byte> dataKey) => Envelope.Seal(_keys[Current], dataKey, Place(caseId, Current));

    /// <exception cref="CryptographicException">The version is not on the ring, or the wrapped key was tampered with.</exception>
    public byte[] Unwrap(Guid caseId, string version, ReadOnlySpan<byte> wrapped) =>
        _keys.TryGetValue(version, out var key)
            ? Envelope.Open(key, wrapped, Place(caseId, version))
            : throw new CryptographicException($"Encryption:Keys:{version} is not set, but cases are still sealed under it.");

    /// <summary>For what is no case's: sealed under the current version.</summary>
    /// <param name="place">Where it stands, e.g. <c>table|column|row</c>.</param>
    public byte[] Seal(string place, ReadOnlySpan<byte> plain) => Envelope.Seal(_keys[Current], plain, $"{place}|{Current}");

    /// <exception cref="CryptographicException">As of <see cref="Unwrap"/>.</exception>
    public byte[] Open(string place, string version, ReadOnlySpan<byte> box) => _keys.TryGetValue(version, out var key)
        ? Envelope.Open(key, box, $"{place}|{version}")
        : throw new CryptographicException($"Encryption:Keys:{version} is not set.");

    private static string Place(Guid caseId, string version) => $"case_key|wrapped_key|{caseId}|{version}";
}
