using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SecondOpinion.Tests.Support;

/// <summary>Certificates that nobody trusts, for tests.</summary>
public static class TestCertificate
{
    /// <summary>PKCS#12 in base64, as <c>Seal:Certificate</c> wants it.</summary>
    public static string Sealing(int days = 2)
    {
        using var key = RSA.Create(2048);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=Cachet de test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(now.AddDays(-10), now.AddDays(days));
        return Convert.ToBase64String(certificate.Export(X509ContentType.Pkcs12));
    }
}
