using System.Globalization;
using System.Security.Cryptography;

namespace SecondOpinion.Identity.People;

/// <summary>PBKDF2 with SHA-512, 210,000 rounds (OWASP's figure of 2023), as <c>rounds.salt.hash</c>.</summary>
internal static class Passwords
{
    private const int Rounds = 210_000;
    private const int Size = 32;

    /// <summary>Of nobody: comparing with it takes as long as with a real one.</summary>
    public static readonly string Nobody = Hash(Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));

    public static string Hash(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        var hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, Rounds, HashAlgorithmName.SHA512, Size);
        return $"{Rounds}.{Convert.ToBase64String(salt)}.{Convert.ToBase64String(hash)}";
    }

    public static bool Fits(string password, string kept)
    {
        var parts = kept.Split('.');
        var hash = Rfc2898DeriveBytes.Pbkdf2(
            password, Convert.FromBase64String(parts[1]), int.Parse(parts[0], CultureInfo.InvariantCulture), HashAlgorithmName.SHA512, Size);
        return CryptographicOperations.FixedTimeEquals(hash, Convert.FromBase64String(parts[2]));
    }
}
