using System.Globalization;
using PdfSharp.Pdf;
using PdfSharp.UniversalAccessibility;

namespace SecondOpinion.ServiceDefaults.Pdf;

/// <summary>What a reader program shows about a file; the same words stand in its XMP description.</summary>
/// <param name="Title">Shown in the window's title.</param>
/// <param name="Author">Empty when nobody is named.</param>
/// <param name="Subject">One line.</param>
/// <param name="Created">Given as date of making and of change.</param>
public sealed record PdfAbout(string Title, string Author, string Subject, DateTimeOffset Created);

/// <summary>A file within the file, for programs: the same content in a form that they read.</summary>
/// <param name="Name">E.g. <c>factur-x.xml</c>.</param>
/// <param name="Description">For people; one line.</param>
/// <param name="Content">XML.</param>
/// <param name="Schema">What the XMP description says about it beyond PDF/A: properties, and the schema that declares them.</param>
public sealed record PdfAttachment(string Name, string Description, byte[] Content, XmpSchema Schema);

/// <summary>
/// A French A4 document by PDFsharp: embedded fonts, tagged structure, PDF/A-3a and PDF/UA-1. Pages follow each other; only the last can be drawn on.
/// The same drawing gives the same bytes. Why this library: docs/decisions/0054.
/// </summary>
public sealed class PdfFile : IDisposable
{
    // The library's font tables are shared by the whole process: one document is set at a time (some 20 ms each).
    private static readonly Lock OneAtATime = new();

    private readonly PdfDocument _document = new();
    private readonly PdfAbout _about;
    private readonly PdfAttachment? _attachment;
    private PdfPage? _page;

    private PdfFile(PdfAbout about, PdfAttachment? attachment)
    {
        (_about, _attachment) = (about, attachment);
        _document.SetPdfA();
        UAManager.ForDocument(_document).SetDocumentLanguage("fr-FR");
        _document.Info.Title = about.Title;
        _document.Info.Author = about.Author;
        _document.Info.Subject = about.Subject;
        _document.Info.Creator = Xmp.Tool;
        _document.Info.CreationDate = about.Created.UtcDateTime;
        _document.Info.ModificationDate = about.Created.UtcDateTime;
    }

    /// <summary>How many pages there are so far.</summary>
    internal int PageCount => _document.PageCount;

    internal StructureBuilder Structure => UAManager.ForDocument(_document).StructureBuilder;

    /// <summary>Sets a document: <paramref name="draw"/> runs twice, since the foot of each page tells how many there are.</summary>
    /// <param name="about">What reader programs show.</param>
    /// <param name="fonts">The two fonts.</param>
    /// <param name="draw">Sets everything from top to bottom; it must do the same both times.</param>
    /// <param name="foot">Draws what repeats on each page: page, its number from 1, how many there are. Not read aloud.</param>
    /// <param name="attachment">A file within the file.</param>
    public static byte[] Set(
        PdfAbout about, Fonts fonts, Action<Sheet> draw, Action<PdfPage, int, int>? foot = null, PdfAttachment? attachment = null)
    {
        lock (OneAtATime)
        {
            var pages = 1;
            if (foot is not null)
            {
                using var trial = new PdfFile(about, attachment: null);
                draw(new Sheet(trial, fonts, foot: null));
                pages = trial.PageCount;
            }

            using var file = new PdfFile(about, attachment);
            draw(new Sheet(file, fonts, foot is null ? null : page => foot(page, file.PageCount, pages)));
            return file.Save();
        }
    }

    public void Dispose()
    {
        _page?.Dispose();
        _document.Dispose();
    }

    internal PdfPage AddPage()
    {
        // The library ends the open text of the page before on its drawing: that one is closed afterwards.
        var before = _page;
        var page = _document.AddPage();
        before?.Dispose();
        return _page = new PdfPage(page, Structure);
    }

    private byte[] Save()
    {
        _page?.Dispose();
        if (_attachment is not null)
        {
            Attach(_attachment);
        }

        using var file = new MemoryStream();
        _document.Save(file);
        return PdfFinish.Of(file.ToArray(), Xmp.Of(_about, _document.Info.Producer, _attachment?.Schema));
    }

    /// <summary>As PDF/A-3 asks (ISO 19005-3, 6.8): with its type, date and size, named by the document's <c>/AF</c> and by its list of files.</summary>
    private void Attach(PdfAttachment attachment)
    {
        var content = new PdfDictionary(_document);
        content.CreateStream(attachment.Content);
        content.Elements.SetName("/Type", "/EmbeddedFile");
        content.Elements.SetName("/Subtype", "/text/xml");
        var facts = new PdfDictionary(_document);
        facts.Elements.SetInteger("/Size", attachment.Content.Length);
        facts.Elements.SetString("/ModDate", "D:" + _about.Created.UtcDateTime.ToString("yyyyMMddHHmmss'Z'", CultureInfo.InvariantCulture));
        content.Elements["/Params"] = facts;
        _document.Internals.AddObject(content);

        var specification = new PdfDictionary(_document);
        specification.Elements.SetName("/Type", "/Filespec");
        specification.Elements.SetString("/F", attachment.Name);
        specification.Elements.SetString("/UF", attachment.Name);
        specification.Elements.SetString("/Desc", attachment.Description);
        specification.Elements.SetName("/AFRelationship", "/Alternative");
        var files = new PdfDictionary(_document);
        files.Elements["/F"] = content.Reference!;
        files.Elements["/UF"] = content.Reference!;
        specification.Elements["/EF"] = files;
        _document.Internals.AddObject(specification);

        var catalog = _document.Internals.Catalog;
        catalog.Elements["/AF"] = new PdfArray(_document, specification.Reference!);
        var embedded = new PdfDictionary(_document);
        embedded.Elements["/Names"] = new PdfArray(_document, new PdfString(attachment.Name), specification.Reference!);
        var names = new PdfDictionary(_document);
        names.Elements["/EmbeddedFiles"] = embedded;
        catalog.Elements["/Names"] = names;
    }
}
