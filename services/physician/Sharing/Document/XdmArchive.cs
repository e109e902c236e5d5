using System.IO.Compression;
using System.Net;
using System.Text;

namespace SecondOpinion.Physician.Sharing.Document;

/// <summary>IHE_XDM.zip: the document with its metadata in the folders of the IHE XDM profile, and two files for people. Same input, same bytes.</summary>
internal static class XdmArchive
{
    private const string Folder = "IHE_XDM/SUBSET01";
    private const string Document = "DOC00001.XML";

    public static byte[] Of(OpinionDocument opinion, MsSanteSettings sender, Guid shareId, DateTimeOffset sentAt)
    {
        var document = ClinicalDocument.Of(opinion, sender);
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("INDEX.HTM", Encoding.UTF8.GetBytes(Index(sender)));
            Add("README.TXT", Encoding.UTF8.GetBytes(ReadMe(sender)));
            Add($"{Folder}/METADATA.XML", SubmissionMetadata.Of(opinion, sender, Document, document, shareId, sentAt));
            Add($"{Folder}/{Document}", document);

            void Add(string name, byte[] content)
            {
                var entry = archive.CreateEntry(name);
                entry.LastWriteTime = sentAt;
                using var file = entry.Open();
                file.Write(content);
            }
        }

        return bytes.ToArray();
    }

    private static string Index(MsSanteSettings sender) =>
        $"""
        <!DOCTYPE html>
        <html lang="fr">
        <head><meta charset="utf-8"><title>{OpinionDocument.Title}</title></head>
        <body>
        <h1>{OpinionDocument.Title}</h1>
        <p>Émis par {WebUtility.HtmlEncode(sender.Organization)}.</p>
        <p><a href="{Folder}/{Document}">Document (CDA R2)</a></p>
        <p>Le même document est joint au message en PDF.</p>
        </body>
        </html>
        """;

    private static string ReadMe(MsSanteSettings sender) =>
        $"""
        Archive IHE XDM émise par {sender.Organization}, logiciel SecondOpinion ({sender.ProductReference}).
        {Folder}/{Document} : document CDA R2 de niveau 1, code {OpinionDocument.Code}, qui contient le PDF signé.
        {Folder}/METADATA.XML : métadonnées ebRIM du lot et du document.
        Contact : {sender.From}

        """;
}
