using System.IO.Compression;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using Npgsql;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Fhir;
using SecondOpinion.Intake.Overview;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Rights;

/// <summary>
/// Everything that the person gave and that happened to it, in one file to take along (GDPR articles 15 and 20): what is read on the screen as JSON, the
/// documents as they are downloaded. Written while it is sent: no copy lies anywhere.
/// </summary>
internal static class ExportCase
{
    public static void Map(RouteGroupBuilder api) => api.MapGet("/cases/{id:guid}/export", Handle)
        .AllowRoles(Roles.Patient)
        .GivesFile("application/zip")
        .WithName("ExportCase")
        .WithSummary("Everything about me, as a ZIP")
        .WithDescription(
            "`case.json`, `answers.json`, `questions.json`, `accesses.json` (who read it), the documents in `documents/`, and `record.fhir.json`: the "
            + "same as one FHIR R4 collection (identity, answers, consents, documents, accesses as BALP AuditEvents). The opinion is downloaded by its own "
            + "route.");

    /// <param name="id">The case.</param>
    /// <returns>The ZIP.</returns>
    private static async Task<Results<PushStreamHttpResult, Problem>> Handle(
        Guid id, ClaimsPrincipal user, HttpContext http, NpgsqlDataSource dataSource, Keyring keyring, PathologyCatalogue catalogue,
        QuestionnaireBook questionnaires, DocumentStore store, IOptions<JsonOptions> json, TimeProvider time, CancellationToken cancel)
    {
        var files = await dataSource.InTransaction<List<(string Name, object Content)>?>(async db =>
        {
            if (await CaseRows.OwnHeld(db, user, id) is not { } file)
            {
                return null;
            }

            await AuditTrail.Record(db, user, "export", "case", id, Purpose.Of(user));
            using var key = await CaseKey.Of(db, keyring, id);
            var accesses = await ShowAccesses.Of(db, user, id);
            var all = new List<(string, object)>
            {
                ("case.json", Json(await CaseViews.Of(db, key, file, user.Role(), catalogue, questionnaires, time.GetUtcNow()))),
                ("answers.json", Json(ReadAnswers.Open(key, file))),
                ("questions.json", Json(SaveQuestions.Open(key, file))),
                ("accesses.json", Json(accesses)),
            };
            var documents = new List<(string Path, DownloadDocument.Readable Document)>();
            foreach (var (documentId, i) in (await db.QueryAsync<Guid>("select id from document where case_id = @id order by id", new { id }))
                .Select((document, i) => (document, i)).ToList())
            {
                var readable = (await DownloadDocument.Find(db, keyring, id, documentId))!;
                documents.Add(($"documents/{i + 1:D3}-{readable.Name}", readable));
            }

            var consents = await db.QueryAsync<FhirRecord.Given>(
                "select id, purpose, granted, text_version, at from consent where case_id = @id order by position", new { id });
            var person = key.Open<SealedPerson>(CaseColumns.Person, file.SealedPerson).Patient;
            all.Add(("record.fhir.json", Encoding.UTF8.GetBytes(FhirRecord.Of(
                file, person, ShowFhir.Answers(key, file, questionnaires), consents.AsList(), documents, accesses, time.GetUtcNow()))));
            all.AddRange(documents.Select(d => (d.Path, (object)d.Document)));
            return all;
        }, cancel);
        if (files is null)
        {
            return CommonProblems.Absent();
        }

        http.Response.Headers.CacheControl = "no-store";
        // The writer of archives ends each of its parts without waiting.
        http.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        return TypedResults.Stream(stream => Write(stream, files, store, cancel), "application/zip", $"dossier-{id}.zip");

        byte[] Json<T>(T content) => JsonSerializer.SerializeToUtf8Bytes(content, json.Value.SerializerOptions);
    }

    private static async Task Write(Stream stream, List<(string Name, object Content)> files, DocumentStore store, CancellationToken cancel)
    {
        await using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (name, content) in files)
        {
            // Documents are compressed already.
            var entry = zip.CreateEntry(name, content is DownloadDocument.Readable ? CompressionLevel.NoCompression : CompressionLevel.Fastest);
            await using var part = entry.Open();
            await using var bytes = content is DownloadDocument.Readable readable ? readable.Open(store) : new MemoryStream((byte[])content);
            await bytes.CopyToAsync(part, cancel);
        }
    }
}
