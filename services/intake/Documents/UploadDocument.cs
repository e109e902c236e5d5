using System.Security.Claims;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake.Documents;

/// <summary>Takes one document: streamed to disk sealed, hashed on the way, recognised by its content, and only then part of the case.</summary>
internal static class UploadDocument
{
    /// <summary>What an Idempotency-Key is compared with: not the bytes, their hash.</summary>
    internal sealed record UploadedDocument(string Type, string FileName, DateOnly? Date, long SizeBytes, string Sha256);

    public static void Map(RouteGroupBuilder api) => api.MapPost("/cases/{id:guid}/documents", Handle)
        .AllowRoles(Roles.Patient, Roles.Agent, Roles.Physician)
        .Accepts<byte[]>("application/octet-stream", "application/pdf", "application/dicom", "image/jpeg", "image/png", "image/heic", "image/tiff",
            "application/zip", "text/plain", "text/xml")
        .ReadsBody(
            "The document as it is, told apart by its content.",
            "application/octet-stream", "application/pdf", "application/dicom", "image/jpeg", "image/png", "image/heic", "image/tiff",
            "application/zip", "text/plain", "text/xml")
        .Refuses(Problems.WrongState, Problems.TooManyDocuments, Problems.DocumentEmpty, Problems.DocumentTooLarge, Problems.CaseFull,
            Problems.DocumentTypeRefused, Problems.DocumentDisguised, Problems.DocumentHarmful, Problems.DocumentInfected, Problems.PictureTooLargeToOpen,
            Problems.DocumentDamaged, Problems.DocumentLocked, Problems.DocumentIndexOnly,
            CommonProblems.StorageFull)
        .WithName("UploadDocument")
        .WithSummary("Add a document")
        .WithDescription(
            "The raw bytes as the body; the document's type (a code of GetCodes `document-types`) in `Document-Type`, its name in `Document-Name`. PDF, DICOM "
            + "(also a hospital's CD as ZIP), JPEG, PNG, HEIC, TIFF, plain text, CDA, DOCX and ODT are accepted, told apart by their content; anything else, "
            + "and any damaged file, is refused with the reason. Photographs are shown without what the camera wrote into them (place, time, previews); the "
            + "answer's size and hash are those of what is shown. A PDF with scripts, actions or files within is marked `activeContent` and only ever saved.");

    /// <param name="id">The case.</param>
    /// <param name="documentType">What the document is: a code of the catalogue's documents, e.g. <c>consultation_report</c>.</param>
    /// <param name="documentName">The file's name as the patient knows it, with its ending, in percent-encoded UTF-8, e.g. <c>compte%20rendu.pdf</c>; it is
    /// kept sealed. Needed unless <paramref name="contentDisposition"/> is sent.</param>
    /// <param name="contentDisposition">The same name for clients that can send this header: <c>attachment; filename*=UTF-8''…</c>.</param>
    /// <param name="documentDate">When the document was written or the examination made, e.g. <c>2026-01-31</c>.</param>
    private static async Task<Results<Once<Created<CaseDocumentView>>, Problem>> Handle(
        Guid id, [FromHeader(Name = "Document-Type"), Form("document-type", "mri")] string documentType,
        [FromHeader(Name = "Document-Name")] string? documentName,
        [FromHeader(Name = "Content-Disposition")] string? contentDisposition,
        ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, DocumentStore store,
        DocumentOptions options, PathologyCatalogue catalogue, Admission admission, TimeProvider time, CancellationToken cancel,
        [FromHeader(Name = "Document-Date")] string? documentDate = null)
    {
        // In headers: addresses stand in access logs, and what kind of document it is or how people call it may name the disease.
        var fileName = documentName is null ? NameOf(contentDisposition) : Uri.UnescapeDataString(documentName);
        if (await Refusal(id, documentType, fileName, user, http.Request, dataSource, options, catalogue, cancel) is { } refusal)
        {
            return refusal;
        }

        if (!Admission.TryDate(documentDate, out var date))
        {
            return CommonProblems.Invalid(new FieldError("#/documentDate", "wrong_form", "La date du document s'écrit 2026-01-31 (en-tête Document-Date)."));
        }

        // The limit of this route is kept here, byte by byte, so that it answers with its own code.
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        var documentId = Guid.CreateVersion7(time.GetUtcNow());
        var kept = false;
        if (await Room.Reserve(
            dataSource, options, store, documentId, id, http.Request.ContentLength ?? options.MaxBytes, time.GetUtcNow(), cancel) is { } full)
        {
            return full;
        }

        try
        {
            if (!(await Receive(documentId, http.Request.Body, store, options, admission, cancel)).TryGet(out var received, out var problem))
            {
                return problem;
            }

            var stored = received.Stored;
            var asked = new UploadedDocument(documentType, PlainText.FileName(fileName, Admission.LongestName)!, date, stored.Size, stored.Sha256);
            return await Idempotent.Run<UploadedDocument, Created<CaseDocumentView>>(dataSource, http, asked, async db =>
            {
                // Set before the commit: should its outcome be unknown, the sweep decides by the row.
                kept = (await admission.Insert(db, id, new Admission.Asked(asked.Type, asked.FileName, date), received, user))
                    .TryGet(out var view, out var refused);
                return kept ? TypedResults.Created($"/api/v1/cases/{id}/documents/{stored.Id}", view) : refused!;
            });
        }
        finally
        {
            if (!kept)
            {
                store.Delete(documentId);
            }

            await Room.GiveBack(dataSource, documentId);
        }
    }

    private static string NameOf(string? contentDisposition) =>
        ContentDispositionHeaderValue.TryParse(contentDisposition, out var given) && (given.FileNameStar.HasValue ? given.FileNameStar : given.FileName) is
        { HasValue: true } name
            ? HeaderUtilities.RemoveQuotes(name).ToString()
            : "";

    /// <summary>What can be known before a byte is read.</summary>
    private static async Task<Problem?> Refusal(
        Guid id, string type, string fileName, ClaimsPrincipal user, HttpRequest request, NpgsqlDataSource dataSource, DocumentOptions options,
        PathologyCatalogue catalogue,
        CancellationToken cancel)
    {
        if (!catalogue.Documents.ContainsKey(type))
        {
            return CommonProblems.Invalid(new FieldError(
                "#/documentType", "unknown_code", "L'en-tête Document-Type doit porter un code de la liste des types de documents.",
                [.. catalogue.Documents.Keys.Order(StringComparer.Ordinal)]));
        }

        if (PlainText.FileName(fileName, Admission.LongestName) is null)
        {
            return CommonProblems.Invalid(new FieldError(
                "#/fileName", "invalid_name",
                "Donnez au fichier un nom lisible dans l'en-tête Document-Name, en UTF-8 encodé (%20 pour un espace), par exemple compte-rendu.pdf."));
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        return await CaseRows.Own(db, user, id) is not { } file ? CommonProblems.Absent()
            : !CaseLife.TakesDocuments(file.State.Value) ? Problems.CaseIs(file.State.Value)
            : request.ContentLength == 0 ? Problems.NoByte()
            : request.ContentLength > options.MaxBytes ? Problems.LargerThan(options.MaxBytes)
            : null;
    }

    private static async Task<Result<Admission.Received>> Receive(
        Guid documentId, Stream body, DocumentStore store, DocumentOptions options, Admission admission, CancellationToken cancel)
    {
        StoredFile stored;
        try
        {
            stored = await store.Write(documentId, body, options.MaxBytes, cancel);
        }
        catch (DocumentTooLargeException)
        {
            return Problems.LargerThan(options.MaxBytes);
        }

        return await admission.Judge(stored);
    }
}
