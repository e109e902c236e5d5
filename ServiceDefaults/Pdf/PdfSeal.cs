using System.ComponentModel.DataAnnotations;
using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <summary>Section <c>Seal</c>: the certificate with which the platform seals what it delivers.</summary>
public sealed class SealSettings : ISettings
{
    public static string Section => "Seal";

    /// <summary>PKCS#12 with the private key, base64.</summary>
    [Required(ErrorMessage =
        "Seal:Certificate is not set: opinions cannot be sealed. Give a PKCS#12 file with its private key in base64; AppHost makes one for local runs.")]
    public string Certificate { get; set; } = "";

    /// <summary>Of the PKCS#12 file; empty for none.</summary>
    public string Password { get; set; } = "";
}

/// <summary>
/// Seals a finished PDF with PAdES baseline B (ETSI EN 319 142-1): an addition at its end (the file before it stays byte for byte as it was) with a CAdES
/// signature over everything but itself. Without a mark on the page: who signed stands there in words, and reader programs show the seal. One changed byte,
/// and they say so.
/// </summary>
public sealed partial class PdfSeal : IDisposable
{
    /// <summary>Bytes kept free for the signature: certificate, key of up to 4096 bits and attributes take some 3 KB.</summary>
    private const int Room = 8192;

    private const string SigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";

    private readonly X509Certificate2 _certificate;

    /// <exception cref="InvalidOperationException">The certificate cannot be read, has no private key, or has expired: the service must not start.</exception>
    public PdfSeal(SealSettings settings, TimeProvider time)
    {
        try
        {
            _certificate = X509CertificateLoader.LoadPkcs12(Convert.FromBase64String(settings.Certificate), settings.Password);
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            throw new InvalidOperationException("Seal:Certificate is not base64 of a PKCS#12 file that Seal:Password opens.", exception);
        }

        if (!_certificate.HasPrivateKey || _certificate.NotAfter < time.GetLocalNow().DateTime)
        {
            throw new InvalidOperationException(
                $"Seal:Certificate ({_certificate.Subject}) has no private key or expired on {_certificate.NotAfter:yyyy-MM-dd}: give another one.");
        }
    }

    /// <param name="file">As <see cref="PdfFile.Set"/> makes it.</param>
    /// <param name="reason">Shown by reader programs, in French.</param>
    /// <param name="at">When it was signed.</param>
    public byte[] On(byte[] file, string reason, DateTimeOffset at)
    {
        // One character per byte.
        var text = Encoding.Latin1.GetString(file);
        var objects = new Objects(text);
        var (catalog, page) = (objects.Catalog, objects.FirstPage());
        var (field, signature) = (objects.Count, objects.Count + 1);
        var open = new StringBuilder(text);
        var places = new SortedDictionary<int, int>();
        void Add(int number, string content)
        {
            places[number] = open.Length;
            open.Append(CultureInfo.InvariantCulture, $"{number} 0 obj\n{content}\nendobj\n");
        }

        Add(catalog, With(objects[catalog], $"/AcroForm<</Fields[{field} 0 R]/SigFlags 3>>"));
        Add(page, With(objects[page], $"/Annots[{field} 0 R]"));
        // Without a size: neither drawn nor read aloud.
        Add(field, $"<</Type/Annot/Subtype/Widget/FT/Sig/T{Words("Cachet")}/F 132/Rect[0 0 0 0]/P {page} 0 R/V {signature} 0 R>>");
        Add(signature, $"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(D:{at.UtcDateTime:yyyyMMddHHmmss}Z)/Name"
            + $"{Words(_certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false))}/Reason{Words(reason)}"
            + $"/ByteRange[0 {new string('*', 32)}]/Contents<{new string('0', 2 * Room)}>>>");
        var table = open.Length;
        open.Append("xref\n");
        foreach (var (number, place) in places)
        {
            open.Append(CultureInfo.InvariantCulture, $"{number} 1\n{place:0000000000} 00000 n \n");
        }

        open.Append(
            CultureInfo.InvariantCulture,
            $"trailer\n<</Size {signature + 1}/Root {catalog} 0 R{objects.Rest}/Prev {objects.Table}>>\nstartxref\n{table}\n%%EOF\n");
        return Seal(open, places[signature]);
    }

    public void Dispose() => _certificate.Dispose();

    private byte[] Seal(StringBuilder open, int signature)
    {
        var text = open.ToString();
        var from = text.IndexOf("/Contents<", signature, StringComparison.Ordinal) + "/Contents".Length;
        var to = from + 2 * Room + 2;
        var range = string.Create(CultureInfo.InvariantCulture, $"{from} {to} {text.Length - to}").PadRight(32);
        var file = Encoding.Latin1.GetBytes(text);
        Encoding.Latin1.GetBytes(range, file.AsSpan(text.IndexOf("/ByteRange[0 ", signature, StringComparison.Ordinal) + "/ByteRange[0 ".Length));
        var sealedBytes = Sign([.. file.AsSpan(0, from), .. file.AsSpan(to)]);
        Encoding.Latin1.GetBytes(Convert.ToHexString(sealedBytes), file.AsSpan(from + 1));
        return file;
    }

    private byte[] Sign(byte[] content)
    {
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, _certificate)
        {
            DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1"), // SHA-256
            IncludeOption = X509IncludeOption.ExcludeRoot,
        };
        signer.SignedAttributes.Add(new AsnEncodedData(new Oid(SigningCertificateV2), CertificateReference()));
        var message = new SignedCms(new ContentInfo(content), detached: true);
        message.ComputeSignature(signer, silent: true);
        return message.Encode() is { Length: <= Room } encoded
            ? encoded
            : throw new InvalidOperationException("The signature is longer than the room for it: is the certificate's chain unusually long?");
    }

    /// <summary>ESSCertIDv2 (RFC 5035): the certificate belongs to what is signed, so that it cannot be exchanged for another one of the same key.</summary>
    private byte[] CertificateReference()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            writer.WriteOctetString(SHA256.HashData(_certificate.RawDataMemory.Span));
        }

        return writer.Encode();
    }

    private static string With(string dictionary, string entry)
    {
        var name = entry[..entry.IndexOfAny(['[', '<'])];
        return dictionary.Contains(name, StringComparison.Ordinal)
            ? throw new InvalidOperationException($"The file has {name} already: PdfSeal must add to it.")
            : dictionary[..dictionary.LastIndexOf(">>", StringComparison.Ordinal)] + entry + ">>";
    }

    private static string Words(string text) => $"<FEFF{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}>";

    /// <summary>The objects of a file with one plain table, as <see cref="PdfFinish"/> writes it.</summary>
    private sealed partial class Objects
    {
        private readonly string _text;
        private readonly string _trailer;

        public Objects(string text)
        {
            _text = text;
            var end = End().Match(text);
            Table = int.Parse(end.Groups[2].Value, CultureInfo.InvariantCulture);
            _trailer = end.Groups[1].Value;
            Catalog = Number(_trailer, "Root");
            Count = int.Parse(Regex.Match(_trailer, @"/Size (\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
        }

        public int Table { get; }

        public int Catalog { get; }

        public int Count { get; }

        /// <summary>What a trailer repeats: the properties and the file's identifier.</summary>
        public string Rest => string.Concat(Kept().Matches(_trailer).Select(kept => kept.Value));

        /// <summary>Between <c>obj</c> and <c>endobj</c>.</summary>
        public string this[int number]
        {
            get
            {
                // "xref\n0 N\n", then twenty characters each.
                var entry = _text.IndexOf('\n', Table + 5) + 1 + 20 * number;
                var place = int.Parse(_text.AsSpan(entry, 10), CultureInfo.InvariantCulture);
                var from = _text.IndexOf("obj", place, StringComparison.Ordinal) + 3;
                return _text[from.._text.IndexOf("endobj", from, StringComparison.Ordinal)].Trim();
            }
        }

        public int FirstPage()
        {
            var number = Number(this[Catalog], "Pages");
            while (Kids().Match(this[number]) is { Success: true } kids)
            {
                number = int.Parse(kids.Groups[1].Value, CultureInfo.InvariantCulture);
            }

            return number;
        }

        private static int Number(string dictionary, string name) =>
            int.Parse(Regex.Match(dictionary, $@"/{name} (\d+) 0 R").Groups[1].Value, CultureInfo.InvariantCulture);

        [GeneratedRegex(@"trailer\s*<<((?:(?!trailer)[\s\S])*)>>\s*(?:%.*)?\s*startxref\s+(\d+)\s+%%EOF\s*$")]
        private static partial Regex End();

        [GeneratedRegex(@"/Info \d+ 0 R|/ID ?\[[^\]]*\]")]
        private static partial Regex Kept();

        [GeneratedRegex(@"/Kids ?\[\s*(\d+) 0 R")]
        private static partial Regex Kids();
    }
}
