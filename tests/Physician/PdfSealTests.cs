using System.Text;
using Microsoft.Extensions.Configuration;
using SecondOpinion.Physician.Writing;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

public sealed class PdfSealTests : IDisposable
{
    private static readonly DateTimeOffset SignedAt = new(2026, 11, 21, 13, 5, 0, TimeSpan.Zero);
    private static readonly byte[] Open = new OpinionPdf(new Fonts(new ConfigurationBuilder().Build())).Set(OpinionPdfTests.Sample());
    private readonly PdfSeal _seal = new(new SealSettings { Certificate = TestCertificate.Sealing() }, TimeProvider.System);

    [Fact]
    public void A_sealed_opinion_is_valid_for_an_independent_reader_names_its_seal_and_covers_the_whole_file()
    {
        using var pdf = ReadPdf.Of(_seal.On(Open, "Avis médical signé", SignedAt));

        pdf.MustBeSound();
        var said = pdf.Signatures;
        said.ShouldContain("Signature is Valid.");
        said.ShouldContain("Signer Certificate Common Name: Cachet de test");
        said.ShouldContain("Signature Type: ETSI.CAdES.detached");
        said.ShouldContain("Hash Algorithm: SHA-256");
        said.ShouldContain("Total document signed");
    }

    [Fact]
    public void The_seal_is_added_at_the_end_the_pages_before_it_stay_byte_for_byte_and_read_the_same()
    {
        var sealedFile = _seal.On(Open, "Avis médical signé", SignedAt);

        sealedFile.AsSpan(0, Open.Length).SequenceEqual(Open).ShouldBeTrue();
        using var before = ReadPdf.Of(Open);
        using var after = ReadPdf.Of(sealedFile);
        after.Text.ShouldBe(before.Text);
        after.Structure.ShouldBe(before.Structure);
        after.Description.ShouldBe(before.Description);
        after.Pages.ShouldBe(before.Pages);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void One_changed_byte_breaks_it(double place)
    {
        var file = _seal.On(Open, "Avis médical signé", SignedAt);
        // A byte of the file before the seal, or of the seal's own words.
        var changed = place > 0.8 ? Encoding.Latin1.GetString(file).IndexOf("/Reason", StringComparison.Ordinal) + 10 : (int)(Open.Length * place);
        file[changed] ^= 1;

        using var pdf = ReadPdf.Of(file);
        pdf.Signatures.ShouldNotContain("Signature is Valid.");
    }

    [Fact]
    public void A_certificate_that_is_unreadable_or_has_expired_ends_the_start_with_a_sentence()
    {
        Should.Throw<InvalidOperationException>(() => new PdfSeal(new SealSettings { Certificate = "AAAA" }, TimeProvider.System).Dispose())
            .Message.ShouldContain("not base64 of a PKCS#12");
        var expired = new SealSettings { Certificate = TestCertificate.Sealing(days: -1) };
        Should.Throw<InvalidOperationException>(() => new PdfSeal(expired, TimeProvider.System).Dispose()).Message.ShouldContain("expired");
    }

    public void Dispose() => _seal.Dispose();
}
