using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Grpc.Core;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Physician;

namespace SecondOpinion.Tests.Physician;

public sealed class FileTests(PhysicianService physician) : IClassFixture<PhysicianService>
{
    [Fact]
    public async Task The_assigned_physician_reads_the_file_with_the_own_token()
    {
        var offer = await physician.AssignedCase(physician.Alix, "Faut-il opérer ?");

        var answer = await physician.As(physician.Alix).GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/dossier");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var dossier = await answer.Content.ReadFromJsonAsync<JsonElement>();
        dossier.GetProperty("pathologyName").GetString().ShouldBe("Endométriose");
        dossier.GetProperty("questions")[0].GetString().ShouldBe("Faut-il opérer ?");
        Subject(physician.Intake.Tokens.Last()).ShouldBe(physician.Alix.PhysicianId.ToString());
    }

    [Fact]
    public async Task Anybody_else_gets_the_answer_of_a_case_that_does_not_exist()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var document = physician.Intake.Attach(offer.CaseId, [1, 2, 3], "application/pdf", "a.pdf");
        var offeredOnly = await physician.Offer(physician.Noé, caseId: offer.CaseId);
        physician.Intake.Tokens.Clear();
        var stranger = physician.As(physician.Noé);

        foreach (var path in (string[])["dossier", $"documents/{document}", "opinion", "opinion.pdf"])
        {
            var foreign = await stranger.GetAsync($"/api/v1/worklist/cases/{offeredOnly.CaseId}/{path}");
            var absent = await stranger.GetAsync($"/api/v1/worklist/cases/{Guid.CreateVersion7()}/{path}");
            foreign.StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
            (await WorklistTests.WithoutTrace(foreign)).ShouldBe(await WorklistTests.WithoutTrace(absent), path);
        }

        (await PhysicianService.Post(stranger, $"/worklist/cases/{offer.CaseId}/information-requests", new { text = "?" })).StatusCode
            .ShouldBe(HttpStatusCode.NotFound);
        (await PhysicianService.Put(stranger, $"/worklist/cases/{offer.CaseId}/opinion", new { }, "\"v0\"")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await PhysicianService.Post(stranger, $"/worklist/cases/{offer.CaseId}/opinion/sign")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        physician.Intake.Tokens.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_accepted_offer_opens_nothing_before_matching_confirms_it()
    {
        var offer = await physician.Offer(physician.Alix);
        physician.Intake.Hold(offer.CaseId);
        await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/offers/{offer.OfferId}/accept");

        (await physician.As(physician.Alix).GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/dossier")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_withdrawn_case_closes_its_file()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        await physician.Close(offer);

        (await physician.As(physician.Alix).GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/dossier")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData(StatusCode.NotFound, HttpStatusCode.ServiceUnavailable, "PHY-0002")]
    [InlineData(StatusCode.Unavailable, HttpStatusCode.ServiceUnavailable, "REQ-0015")]
    [InlineData(StatusCode.DeadlineExceeded, HttpStatusCode.ServiceUnavailable, "REQ-0015")]
    [InlineData(StatusCode.FailedPrecondition, HttpStatusCode.Conflict, "PHY-0003")]
    public async Task What_intake_cannot_do_now_is_a_problem_that_says_so(StatusCode fails, HttpStatusCode expected, string code)
    {
        var offer = await physician.AssignedCase(physician.Alix);
        physician.Intake.Fails = fails;
        try
        {
            var answer = await physician.As(physician.Alix).GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/dossier");
            answer.StatusCode.ShouldBe(expected);
            (await PhysicianService.Code(answer)).ShouldBe(code);
        }
        finally
        {
            physician.Intake.Fails = null;
        }
    }

    [Fact]
    public async Task A_document_passes_through_whole_as_an_attachment_that_no_browser_interprets()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        var document = physician.Intake.Attach(offer.CaseId, content, "application/dicom", "IRM pelvienne \"2026\" é.dcm");
        var read = physician.Intake.DossiersRead;

        var answer = await physician.As(physician.Alix).GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/documents/{document}");

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsByteArrayAsync()).ShouldBe(content);
        answer.Content.Headers.ContentLength.ShouldBe(content.Length);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/dicom");
        answer.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        answer.Content.Headers.ContentDisposition.FileNameStar.ShouldBe("IRM pelvienne \"2026\" é.dcm");
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        // Once, by intake, as what it was.
        (await physician.Scalar<int>("select count(*)::int from audit_record where object_id = any(@Ids)", new
        {
            Ids = new[] { document.ToString(),
            offer.CaseId.ToString() }
        })).ShouldBe(0);
        physician.Intake.DossiersRead.ShouldBe(read, "one document is not the whole file");
    }

    [Theory]
    [InlineData("bytes=2000000-", 206, 2_000_000, 2_000_000)]
    [InlineData("bytes=100-70099", 206, 100, 100)]
    [InlineData("bytes=-500", 206, 2_999_500, -500)]
    [InlineData("bytes=3000000-", 416, 0, 3_000_000)]
    public async Task A_download_goes_on_where_it_broke_off_with_one_call_to_intake(string range, int status, int first, long from)
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var content = RandomNumberGenerator.GetBytes(3_000_000);
        var document = physician.Intake.Attach(offer.CaseId, content, "application/dicom", "irm.dcm");
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\"";
        physician.Intake.DownloadsFrom.Clear();

        var part = await Ask(range, tag);

        ((int)part.StatusCode).ShouldBe(status);
        physician.Intake.DownloadsFrom.ShouldBe([from]);
        if (status == 416)
        {
            part.Content.Headers.ContentRange!.ToString().ShouldBe("bytes */3000000");
            (await PhysicianService.Code(part)).ShouldBe("REQ-0018");
            return;
        }

        part.Headers.ETag!.Tag.ShouldBe(tag);
        var last = (int)part.Content.Headers.ContentRange!.To!.Value;
        (await part.Content.ReadAsByteArrayAsync()).ShouldBe(content[first..(last + 1)]);
        var changed = await Ask(range, "\"another\"");
        (changed.StatusCode, (await changed.Content.ReadAsByteArrayAsync()).SequenceEqual(content)).ShouldBe((HttpStatusCode.OK, true), "sent whole");

        Task<HttpResponseMessage> Ask(string range, string ifRange)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/worklist/cases/{offer.CaseId}/documents/{document}");
            request.Headers.TryAddWithoutValidation("Range", range);
            request.Headers.TryAddWithoutValidation("If-Range", ifRange);
            return physician.As(physician.Alix).SendAsync(request);
        }
    }

    [Fact]
    public async Task A_file_with_active_content_is_only_ever_saved()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var document = physician.Intake.Attach(offer.CaseId, [1, 2, 3], "application/pdf", "a.pdf", active: true);

        var answer = await physician.As(physician.Alix).GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/documents/{document}");

        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/octet-stream");
        answer.Content.Headers.ContentDisposition!.DispositionType.ShouldBe("attachment");
        answer.Headers.GetValues("Content-Security-Policy").ShouldBe(["sandbox"]);
    }

    [Fact]
    public async Task What_intake_has_closed_is_not_read_here_either()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var http = physician.As(physician.Alix);
        (await PhysicianService.Put(http, $"/worklist/cases/{offer.CaseId}/opinion", PhysicianService.SampleOpinion(),
            "\"v0\"")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await http.GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion")).StatusCode.ShouldBe(HttpStatusCode.OK);

        physician.Intake.Closed[offer.CaseId.ToString()] = true;

        var closed = await http.GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion");
        closed.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await http.GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/opinion.pdf")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await PhysicianService.Put(http, $"/worklist/cases/{offer.CaseId}/opinion", PhysicianService.SampleOpinion(),
            "\"v1\"")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Audited("refused", "ShowOwnOpinion", offer.CaseId)).ShouldBe(1);
    }

    [Fact]
    public async Task A_suspended_physician_reads_and_writes_nothing_from_the_next_request_on()
    {
        var rpps = Rpps.WithKey("9900000555");
        var council = physician.As(SecondOpinion.ServiceDefaults.Access.Roles.Council);
        await physician.Admit(rpps);
        var offer = await physician.AssignedCase(rpps);
        var http = physician.As(rpps);
        var dossier = $"/api/v1/worklist/cases/{offer.CaseId}/dossier";
        (await http.GetAsync(dossier)).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await PhysicianService.Put(council, $"/physicians/{rpps.PhysicianId}/suspension", new { suspended = true },
            null)).StatusCode.ShouldBe(HttpStatusCode.OK);

        foreach (var path in (string[])[dossier, "/api/v1/worklist", $"/api/v1/worklist/cases/{offer.CaseId}/opinion", "/api/v1/worklist/availability"])
        {
            var refused = await http.GetAsync(path);
            (refused.StatusCode, await PhysicianService.Code(refused)).ShouldBe((HttpStatusCode.Forbidden, "PHY-0008"), path);
        }

        (await PhysicianService.Put(http, "/worklist/availability", new { capacity = 9, awayUntil = (DateTimeOffset?)null },
            "\"v1\"")).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        await physician.Broker.Next<AvailabilityChanged>(c => c.PhysicianId == rpps.PhysicianId && c.Capacity == 0);
        (await PhysicianService.Put(council, $"/physicians/{rpps.PhysicianId}/suspension", new { suspended = false },
            null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await http.GetAsync(dossier)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await physician.Scalar<int>("select count(*)::int from audit_record where action = 'refused' and actor = @Me and purpose = 'http_403'",
            new { Me = rpps.PhysicianId.ToString() })).ShouldBe(5);
    }

    [Fact]
    public async Task The_worklist_and_every_refusal_are_on_record()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var before =
            await physician.Scalar<int>("select count(*)::int from audit_record where action = 'search' and object_type = 'worklist' and actor = @Me",
                new { Me = physician.Alix.PhysicianId.ToString() });
        await physician.As(physician.Alix).GetAsync("/api/v1/worklist");
        (await physician.Scalar<int>("select count(*)::int from audit_record where action = 'search' and object_type = 'worklist' and actor = @Me",
            new { Me = physician.Alix.PhysicianId.ToString() })).ShouldBe(before + 1);

        await physician.As(physician.Noé).GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/dossier");
        await physician.As("ops").GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/dossier");

        (await physician.Scalar<string>(
            "select string_agg(actor_role || ' ' || purpose, ', ' order by id) from audit_record where action = 'refused' and object_type = 'ReadDossier' "
                + "and object_id = @Id",
            new { Id = offer.CaseId.ToString() })).ShouldBe("physician http_404, ops http_403");
    }

    [Fact]
    public async Task A_document_is_not_collected_here_before_it_is_passed_on()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var document = physician.Intake.Attach(offer.CaseId, new byte[64 * 1024 * 1024], "image/png", "a.png");
        physician.Intake.ChunksSent = 0;

        using var answer = await physician.As(physician.Alix)
            .GetAsync($"/api/v1/worklist/cases/{offer.CaseId}/documents/{document}", HttpCompletionOption.ResponseHeadersRead);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var body = await answer.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[1024]);

        // The reader has stopped: windows fill up along the way and the sender must wait far from the end of 1024 chunks.
        Volatile.Read(ref physician.Intake.ChunksSent).ShouldBeLessThan(700);
    }

    [Fact]
    public async Task A_document_of_another_case_is_absent()
    {
        var (mine, other) = (await physician.AssignedCase(physician.Alix), await physician.AssignedCase(physician.Noé));
        var document = physician.Intake.Attach(other.CaseId, [1], "application/pdf", "b.pdf");

        (await physician.As(physician.Alix).GetAsync($"/api/v1/worklist/cases/{mine.CaseId}/documents/{document}")).StatusCode
            .ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_question_reaches_the_patient_once_whatever_is_repeated_and_its_text_stays_in_intake()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var http = physician.As(physician.Alix);
        var path = $"/worklist/cases/{offer.CaseId}/information-requests";

        var first = await PhysicianService.Post(http, path, new { text = "Prenez-vous un traitement ?" }, "ask-1");
        var again = await PhysicianService.Post(http, path, new { text = "Prenez-vous un traitement ?" }, "ask-1");
        var other = await PhysicianService.Post(http, path, new { text = "Autre chose ?" }, "ask-1");

        first.StatusCode.ShouldBe(HttpStatusCode.Created);
        other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var id = (await first.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("requestId").GetGuid();
        (await again.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("requestId").GetGuid().ShouldBe(id);
        physician.Intake.Questions[id.ToString()].ShouldBe("Prenez-vous un traitement ?");
        await physician.Broker.Next<InformationRequested>(r => r.RequestId == id);
        physician.Broker.Heard<InformationRequested>().Count(r => r.CaseId == offer.CaseId).ShouldBe(1);
        (await Waiting(offer.CaseId)).ShouldBeTrue();

        await physician.Publish(new InformationProvided
        {
            CaseId = offer.CaseId,
            RequestId = id,
            PhysicianId = offer.PhysicianId,
            DueAt = offer.DueAt.AddDays(1),
            ProvidedAt = TimeProvider.System.GetUtcNow(),
        });
        (await Waiting(offer.CaseId)).ShouldBeFalse();
    }

    [Fact]
    public async Task An_answer_told_before_the_question_was_recorded_leaves_nothing_waiting()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var id = SecondOpinion.Physician.Files.AskForInformation.RequestId("early", offer.CaseId, offer.PhysicianId);
        await physician.Publish(new InformationProvided
        {
            CaseId = offer.CaseId,
            RequestId = id,
            PhysicianId = offer.PhysicianId,
            DueAt = offer.DueAt,
            ProvidedAt = TimeProvider.System.GetUtcNow(),
        });

        (await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/information-requests", new { text = "Et ?" },
            "early")).StatusCode.ShouldBe(HttpStatusCode.Created);

        (await Waiting(offer.CaseId)).ShouldBeFalse();
        await physician.Broker.Next<InformationRequested>(r => r.RequestId == id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    public async Task An_empty_question_is_refused(string text)
    {
        var offer = await physician.AssignedCase(physician.Alix);

        (await PhysicianService.Post(physician.As(physician.Alix), $"/worklist/cases/{offer.CaseId}/information-requests", new { text })).StatusCode
            .ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Without_a_key_nothing_is_asked()
    {
        var offer = await physician.AssignedCase(physician.Alix);
        var before = physician.Intake.Questions.Count;

        var answer = await physician.As(physician.Alix).PostAsJsonAsync($"/api/v1/worklist/cases/{offer.CaseId}/information-requests", new { text = "?" });

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await PhysicianService.Code(answer)).ShouldBe("REQ-0010");
        physician.Intake.Questions.Count.ShouldBe(before);
    }

    private async Task<bool> Waiting(Guid caseId) =>
        (await physician.As(physician.Alix).GetFromJsonAsync<JsonElement>("/api/v1/worklist?state=assigned&limit=100")).GetProperty("items").EnumerateArray()
            .Single(i => i.GetProperty("caseId").GetGuid() == caseId).GetProperty("awaitingInformation").GetBoolean();

    private Task<int> Audited(string action, string type, Guid id) => physician.Scalar<int>(
        "select count(*)::int from audit_record where action = @action and object_type = @type and object_id = @id and actor = @actor",
        new { action, type, id = id.ToString(), actor = physician.Alix.PhysicianId.ToString() });

    private static string Subject(string bearer) => new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(bearer["Bearer ".Length..]).Subject;
}
