using System.Security;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <summary>Properties beyond PDF/A's own; PDF/A asks that a file which uses them also declares them.</summary>
/// <param name="Name">Of the schema.</param>
/// <param name="Namespace">Its URI.</param>
/// <param name="Prefix">Of its properties.</param>
/// <param name="Properties">Name, value and description of each, all text.</param>
public sealed record XmpSchema(string Name, string Namespace, string Prefix, IReadOnlyList<(string Name, string Value, string Description)> Properties);

/// <summary>
/// The description inside a file for archives and readers (ISO 16684-1): whose it is, and that it follows PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1).
/// </summary>
internal static class Xmp
{
    /// <summary>What made the file, in the words of its properties.</summary>
    public const string Tool = "SecondOpinion";

    /// <param name="about">The same as in the file's own properties: PDF/A asks that both agree.</param>
    /// <param name="producer">The library.</param>
    /// <param name="schema">Of a file within the file.</param>
    public static string Of(PdfAbout about, string producer, XmpSchema? schema = null)
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
            </rdf:li>{Declared(schema)}</rdf:Bag></pdfaExtension:schemas>
            </rdf:Description>{Said(schema)}
            </rdf:RDF>
            </x:xmpmeta>
            <?xpacket end="r"?>
            """;
    }

    private static string Said(XmpSchema? schema) => schema is null ? "" : $"""

        <rdf:Description rdf:about="" xmlns:{schema.Prefix}="{Text(schema.Namespace)}">
        {string.Join('\n', schema.Properties.Select(p => $"<{schema.Prefix}:{p.Name}>{Text(p.Value)}</{schema.Prefix}:{p.Name}>"))}
        </rdf:Description>
        """;

    private static string Declared(XmpSchema? schema) => schema is null ? "" : $"""

        <rdf:li rdf:parseType="Resource">
        <pdfaSchema:schema>{Text(schema.Name)}</pdfaSchema:schema>
        <pdfaSchema:namespaceURI>{Text(schema.Namespace)}</pdfaSchema:namespaceURI>
        <pdfaSchema:prefix>{schema.Prefix}</pdfaSchema:prefix>
        <pdfaSchema:property><rdf:Seq>{string.Concat(schema.Properties.Select(p => $"""

        <rdf:li rdf:parseType="Resource">
        <pdfaProperty:name>{p.Name}</pdfaProperty:name>
        <pdfaProperty:valueType>Text</pdfaProperty:valueType>
        <pdfaProperty:category>external</pdfaProperty:category>
        <pdfaProperty:description>{Text(p.Description)}</pdfaProperty:description>
        </rdf:li>
        """))}</rdf:Seq></pdfaSchema:property>
        </rdf:li>
        """;

    private static string Text(string text) => SecurityElement.Escape(text);
}
