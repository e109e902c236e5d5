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

    /// <summary>Of a server on this machine, vouched for by nobody but itself.</summary>
    public static X509Certificate2 Server(string host = "localhost")
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        // With its key in a form that every platform's TLS takes.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
