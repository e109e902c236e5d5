using System.Security;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <summary>
/// The description inside a file for archives and readers (ISO 16684-1): whose it is, and that it follows PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1).
/// </summary>
internal static class Xmp
{
    /// <summary>What made the file, in the words of its properties.</summary>
    public const string Tool = "SecondOpinion";

    /// <param name="about">The same as in the file's own properties: PDF/A asks that both agree.</param>
    /// <param name="producer">The library.</param>
    public static string Of(PdfAbout about, string producer)
    {
        var at = about.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'+00:00'", System.Globalization.CultureInfo.InvariantCulture);
        var creator = about.Author.Length == 0 ? "" : $"<dc:creator><rdf:Seq><rdf:li>{Text(about.Author)}</rdf:li></rdf:Seq></dc:creator>";
        return $"""
            <?xpacket begin="{'\uFEFF'}" id="W5M0MpCehiHzreSzNTczkc9d"?>
            <x:xmpmeta xmlns:x="adobe:ns:meta/">
            <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
            <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
            <dc:format>application/pdf</dc:format>
            <dc:language><rdf:Bag><rdf:li>fr-FR</rdf:li></rdf:Bag></dc:language>
            <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{Text(about.Title)}</rdf:li></rdf:Alt></dc:title>
            {creator}
            <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{Text(about.Subject)}</rdf:li></rdf:Alt></dc:description>
            </rdf:Description>
            <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
            <xmp:CreatorTool>{Tool}</xmp:CreatorTool>
            <xmp:CreateDate>{at}</xmp:CreateDate>
            <xmp:ModifyDate>{at}</xmp:ModifyDate>
            </rdf:Description>
            <rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
            <pdf:Producer>{Text(producer)}</pdf:Producer>
            </rdf:Description>
            <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
            <pdfaid:part>3</pdfaid:part>
            <pdfaid:conformance>A</pdfaid:conformance>
            </rdf:Description>
            <rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
            <pdfuaid:part>1</pdfuaid:part>
            </rdf:Description>
            <rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
                xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
            <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
            <pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
            <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
            <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
            <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
            <pdfaProperty:name>part</pdfaProperty:name>
            <pdfaProperty:valueType>Integer</pdfaProperty:valueType>
            <pdfaProperty:category>internal</pdfaProperty:category>
            <pdfaProperty:description>Part of ISO 14289 followed</pdfaProperty:description>
            </rdf:li></rdf:Seq></pdfaSchema:property>
            </rdf:li></rdf:Bag></pdfaExtension:schemas>
            </rdf:Description>
            </rdf:RDF>
            </x:xmpmeta>
            <?xpacket end="r"?>
            """;
    }

    private static string Text(string text) => SecurityElement.Escape(text);
}
