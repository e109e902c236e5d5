using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace SecondOpinion.ServiceDefaults.Mail;

/// <summary>Which server certificates are believed: those that the machine trusts, and those under the installation's own roots.</summary>
public static class MailTrust
{
    /// <returns>Null when the machine's own trust is all there is.</returns>
    public static RemoteCertificateValidationCallback? Of(MailServer server)
    {
        if (server.TrustedCertificates is not { } file)
        {
            return null;
        }

        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(file);
        return (_, certificate, presented, errors) => errors switch
        {
            SslPolicyErrors.None => true,
            // Another host's certificate is refused, whoever vouches for it.
            SslPolicyErrors.RemoteCertificateChainErrors => certificate is X509Certificate2 shown && IsUnder(roots, shown, presented),
            _ => false,
        };
    }

    private static bool IsUnder(X509Certificate2Collection roots, X509Certificate2 shown, X509Chain? presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        // A closed trust space has no lists of revoked certificates that are reachable from here; its operator changes the root file instead.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var element in presented?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(shown);
    }
}
