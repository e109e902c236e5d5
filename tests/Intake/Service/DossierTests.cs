using System.Net;
using System.Text.Json.Nodes;
using Grpc.Core;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;
using Task = System.Threading.Tasks.Task;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>The file in the assigned physician's hands, and in nobody else's; messages in any order; the opinion back to the patient.</summary>
public sealed class DossierTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    private static DateTime Soon => TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(10);

    [Fact]
    public async Task A_person_takes_everything_along_and_sees_who_read_it_and_nobody_else_does()
    {
        var patient = intake.Patient();
        var id = await patient.Open();
        await patient.Fill(id);
        var zip = await patient.Http.GetByteArrayAsync($"/api/v1/cases/{id}/export");
        using var archive = new System.IO.Compression.ZipArchive(new MemoryStream(zip));
        archive.Entries.Select(e => e.FullName).ShouldBe(
            ["case.json", "answers.json", "questions.json", "accesses.json", "record.fhir.json", "documents/001-compte-rendu.pdf"]);
        using var document = archive.Entries[^1].Open();
        using var bytes = new MemoryStream();
        await document.CopyToAsync(bytes);
        bytes.ToArray().ShouldBe(await File.ReadAllBytesAsync(Journey.Sample("compte-rendu.pdf")));
        using var text = new StreamReader(archive.GetEntry("case.json")!.Open());
        (await text.ReadToEndAsync()).ShouldContain("EXEMPLE");
        using var fhir = new StreamReader(archive.GetEntry("record.fhir.json")!.Open());
        // The strict reader: whatever FHIR R4 does not know, or misses, is refused.
        var record = (Bundle)new FhirJsonDeserializer(new DeserializerSettings().UsingMode(DeserializationMode.Strict))
            .DeserializeResource(await fhir.ReadToEndAsync());
        var resources = record.Entry.Select(e => e.Resource).ToList();
        resources.OfType<Patient>().ShouldHaveSingleItem().Name[0].Family.ShouldBe("EXEMPLE");
        resources.OfType<QuestionnaireResponse>().ShouldHaveSingleItem().Item.ShouldNotBeEmpty();
        resources.OfType<Consent>().ShouldContain(c => c.Status == Consent.ConsentState.Active);
        resources.OfType<DocumentReference>().ShouldHaveSingleItem().Content[0].Attachment!.Url.ShouldBe("documents/001-compte-rendu.pdf");
        var audit = resources.OfType<AuditEvent>().ToList();
        audit.ShouldContain(e => e.Action == AuditEvent.AuditEventAction.U);
        audit.ShouldAllBe(e => e.Meta!.Profile.Single()!.Contains("IHE.BasicAudit.Patient") && e.Entity.Count == 2
            && e.Agent.Count(a => a.Requestor == true) == 1);
        record.Entry.Select(e => e.FullUrl).ShouldBeUnique();

        var accesses = (await patient.Get($"/api/v1/cases/{id}/accesses")).GetProperty("accesses").EnumerateArray().ToList();
        accesses.Select(a => a.GetProperty("action").GetString()).ShouldContain("export");
        accesses.ShouldContain(a => a.GetProperty("objectType").GetString() == "document" && a.GetProperty("action").GetString() == "write");
        accesses.ShouldAllBe(a => a.GetProperty("isYou").GetBoolean());
        foreach (var path in (string[])["export", "accesses"])
        {
            (await intake.Patient().Http.GetAsync($"/api/v1/cases/{id}/{path}")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
            (await intake.Agent().Http.GetAsync($"/api/v1/cases/{id}/{path}")).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task The_assigned_physician_reads_everything_but_who_it_is()
    {
        var id = await intake.Patient().Assigned();

        var dossier = await As(IntakeFixture.Expert).GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon);

        (dossier.State, dossier.PathologyName, dossier.Sex).ShouldBe(("assigned", "Endométriose", "F"));
        dossier.AgeYears.ShouldBeInRange(36, 60);
        dossier.Questions.Count.ShouldBe(3);
        dossier.Answers.Single(a => a.QuestionId == "height").Value.ShouldBe("167 cm");
        dossier.Answers.Single(a => a.QuestionId == "pelvic_pain_moments").Value
            .ShouldBe("Pendant les règles, Pendant les rapports sexuels, En allant à la selle");
        dossier.Answers.Single(a => a.QuestionId == "decision_date")
            .ShouldBe(new Answer { QuestionId = "decision_date", Question = "Quelle est cette date\u00A0?", Value = "12/01/2027" });
        var text = dossier.ToString();
        text.ShouldNotContain("EXEMPLE", Case.Sensitive);
        text.ShouldNotContain("Camille");
        (await intake.Sql<long>(
            "select count(*) from audit_record where object_type = 'dossier' and object_id = @id and actor = @actor and purpose = 'second_opinion'",
            new { id = id.ToString(), actor = IntakeFixture.Expert.PhysicianId.ToString() })).ShouldBe(1);
    }

    [Fact]
    public async Task The_assigned_physician_gets_the_documents_bytes()
    {
        var id = await intake.Patient().Assigned();
        var expert = As(IntakeFixture.Expert);
        var document = (await expert.GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon)).Documents.ShouldHaveSingleItem();

        using var call = expert.Download(new DownloadDocumentRequest { CaseId = id.ToString(), DocumentId = document.DocumentId }, deadline: Soon);
        var bytes = new MemoryStream();
        await foreach (var chunk in call.ResponseStream.ReadAllAsync())
        {
            chunk.Data.Length.ShouldBeLessThanOrEqualTo(64 * 1024);
            (chunk.Document is not null).ShouldBe(bytes.Length == 0, "the first chunk, and it alone, says what is sent");
            chunk.Data.WriteTo(bytes);
        }

        var content = await File.ReadAllBytesAsync(Journey.Sample("compte-rendu.pdf"));
        bytes.ToArray().ShouldBe(content);
        (await From(1000)).ShouldBe(content[1000..]);
        (await From(-500)).ShouldBe(content[^500..]);
        (await From(-content.Length - 1)).ShouldBe(content);
        (await From(content.Length)).ShouldBeEmpty();

        async Task<byte[]> From(long offset)
        {
            var request = new DownloadDocumentRequest { CaseId = id.ToString(), DocumentId = document.DocumentId, Offset = offset };
            using var part = expert.Download(request, deadline: Soon);
            var read = new MemoryStream();
            await foreach (var chunk in part.ResponseStream.ReadAllAsync())
            {
                chunk.Data.WriteTo(read);
                (chunk.Document?.SizeBytes ?? content.Length).ShouldBe(content.Length, "the whole document is described");
            }

            return read.ToArray();
        }
    }

    [Fact]
    public async Task The_proof_of_a_relatives_authority_stays_with_intake()
    {
        var guardian = intake.Patient();
        var id = await guardian.Open(Journey.Opening(
            r => r["relative"] = new JsonObject { ["authority"] = "guardian", ["name"] = "Paul MODÈLE", ["representsPerson"] = true }));
        await guardian.Fill(id);
        var uploaded =
            await guardian.Upload(id, await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf")), type: "authority_proof", name: "jugement-MODELE.pdf");
        var proof = (await Journey.Json(uploaded)).GetProperty("documentId").GetString();
        (await Journey.Json(await guardian.Submit(id))).GetProperty("state").GetString().ShouldBe("submitted");
        (await intake.Agent().Post($"/api/v1/cases/authority-proofs/{id}/review", new { accepted = true }, Guid.CreateVersion7().ToString()))
            .EnsureSuccessStatusCode();
        await Eventually.True(async () => await intake.State(id) == "complete", "the file goes on");
        await intake.Assign(id);
        var expert = As(IntakeFixture.Expert);

        var dossier = await expert.GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon);
        using var call = expert.Download(new DownloadDocumentRequest { CaseId = id.ToString(), DocumentId = proof }, deadline: Soon);
        var refused = await Should.ThrowAsync<RpcException>(async () => await call.ResponseStream.MoveNext());

        dossier.Documents.ShouldHaveSingleItem().TypeCode.ShouldBe("consultation_report");
        dossier.ToString().ShouldNotContain("MODELE");
        refused.StatusCode.ShouldBe(StatusCode.NotFound);
    }

    public static TheoryData<string> Strangers => ["another physician", Roles.Service, Roles.Partner, Roles.Ops, Roles.Agent, "the patient"];

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task To_anybody_else_the_case_does_not_exist(string who)
    {
        var patientId = Guid.CreateVersion7();
        var id = await intake.Patient(patientId).Assigned();
        var token = who switch
        {
            "another physician" => TestTokens.Physician(Rpps.WithKey("9900000202")),
            "the patient" => TestTokens.Patient(patientId),
            Roles.Partner => TestTokens.Partner(FakeBilling.Insurer),
            _ => TestTokens.Of(who),
        };
        var stranger = new Dossiers.DossiersClient(intake.Service.Grpc(token, TestTokens.Service("physician")));

        var get = await Should.ThrowAsync<RpcException>(async () => await stranger.GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon));
        var absent =
            await Should.ThrowAsync<RpcException>(
                async () => await stranger.GetAsync(new GetDossierRequest { CaseId = Guid.CreateVersion7().ToString() }, deadline: Soon));
        var ask = await Should.ThrowAsync<RpcException>(async () => await stranger.RequestInformationAsync(
            new RequestInformationRequest { CaseId = id.ToString(), RequestId = Guid.CreateVersion7().ToString(), Text = "?" }, deadline: Soon));

        // Another role is told so, whatever it asks for; a physician only that there is no such case.
        var refusal = who == "another physician" ? StatusCode.NotFound : StatusCode.PermissionDenied;
        get.StatusCode.ShouldBe(refusal);
        (get.StatusCode, get.Status.Detail).ShouldBe((absent.StatusCode, absent.Status.Detail));
        ask.StatusCode.ShouldBe(refusal);
    }

    [Fact]
    public async Task Before_the_assignment_and_after_a_withdrawal_the_physician_reads_nothing()
    {
        var patient = intake.Patient();
        var id = await patient.Complete();
        await NotFound(id);

        await intake.Assign(id);
        await As(IntakeFixture.Expert).GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon);
        (await patient.Post($"/api/v1/cases/{id}/withdraw")).EnsureSuccessStatusCode();

        await NotFound(id);
    }

    [Fact]
    public async Task A_question_to_the_patient_stops_the_clock_until_the_answer()
    {
        var patient = intake.Patient();
        var id = await patient.Assigned();
        var due = (await patient.Case(id)).GetProperty("dueAt").GetDateTimeOffset();
        var request =
            new RequestInformationRequest { CaseId = id.ToString(), RequestId = Guid.CreateVersion7().ToString(), Text = "Avez-vous eu de la fièvre ?" };

        var first = await As(IntakeFixture.Expert).RequestInformationAsync(request, deadline: Soon);
        var again = await As(IntakeFixture.Expert).RequestInformationAsync(request, deadline: Soon);
        intake.Time.Advance(TimeSpan.FromDays(3));
        var paused = await patient.Case(id);
        var answer = await patient.Post($"/api/v1/cases/{id}/information-requests/{request.RequestId}/answer", new { text = "Non, jamais." });

        again.RequestedAt.ToDateTimeOffset().ShouldBe(first.RequestedAt.ToDateTimeOffset(), TimeSpan.FromMilliseconds(1));
        paused.GetProperty("state").GetString().ShouldBe("awaiting_information");
        paused.GetProperty("clockPaused").GetBoolean().ShouldBeTrue();
        paused.GetProperty("informationRequests")[0].GetProperty("text").GetString().ShouldBe("Avez-vous eu de la fièvre ?");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var provided = await intake.Service.Broker.Next<InformationProvided>(e => e.CaseId == id);
        (provided.DueAt - due).ShouldBe(TimeSpan.FromDays(3), TimeSpan.FromSeconds(1));
        provided.PhysicianId.ShouldBe(IntakeFixture.Expert.PhysicianId);
        var dossier = await As(IntakeFixture.Expert).GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon);
        dossier.Messages.Select(m => (m.Author, m.Text)).ShouldBe([("physician", "Avez-vous eu de la fièvre ?"), ("patient", "Non, jamais.")]);
        (await Journey.Problem(await patient.Post($"/api/v1/cases/{id}/information-requests/{request.RequestId}/answer", new { text = "Si." }))).Code
            .ShouldBe("INT-0012");
    }

    [Fact]
    public async Task The_patient_reads_and_downloads_the_opinion_then_closes_the_case()
    {
        var patient = intake.Patient();
        var id = await patient.Assigned();
        (await Journey.Problem(await patient.Http.GetAsync($"/api/v1/cases/{id}/opinion"))).ShouldBe((404, "INT-0010", null));
        var pdf = await File.ReadAllBytesAsync(Journey.Sample("biologie.pdf"));
        intake.Partners.Physician.Signed[id.ToString()] = pdf;
        await Deliver(id);

        var opinion = await patient.Get($"/api/v1/cases/{id}/opinion");
        var file = await patient.Http.GetAsync($"/api/v1/cases/{id}/opinion.pdf");

        opinion.GetProperty("treatment").GetString().ShouldBe("changed");
        (await file.Content.ReadAsByteArrayAsync()).ShouldBe(pdf);
        file.Content.Headers.ContentDisposition!.ToString().ShouldBe($"attachment; filename=avis-{id}-v1.pdf; filename*=UTF-8''avis-{id}-v1.pdf");
        file.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await Journey.Problem(await intake.Patient().Http.GetAsync($"/api/v1/cases/{id}/opinion.pdf"))).ShouldBe((404, "REQ-0005", null));
        (await patient.Post($"/api/v1/cases/{id}/close")).EnsureSuccessStatusCode();
        (await intake.State(id)).ShouldBe("closed");
        (await Journey.Problem(await patient.Post($"/api/v1/cases/{id}/withdraw"))).Code.ShouldBe("INT-0001");
    }

    [Fact]
    public async Task The_patient_reads_when_the_opinion_is_expected_and_why_this_physician()
    {
        var patient = intake.Patient();
        var id = await patient.Complete(opening => opening["language"] = "fsl");
        (await intake.Service.Broker.Next<CaseCompleted>(e => e.CaseId == id)).Language.ShouldBe("fsl");
        var due = (await patient.Case(id)).GetProperty("dueAt").GetDateTimeOffset();
        await intake.Service.Broker.Publish(new CaseAssigned
        {
            OfferId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = IntakeFixture.Expert.PhysicianId,
            AssignedAt = TimeProvider.System.GetUtcNow(),
            PredictedAt = due.AddDays(-4),
            Basis = "pathology",
            Considered = 3,
        });
        await Eventually.True(async () => await intake.State(id) == "assigned", "the case is assigned");

        var shown = await patient.Case(id);
        shown.GetProperty("language").GetString().ShouldBe("fsl");
        shown.GetProperty("expectedAt").GetDateTimeOffset().ShouldBe(due.AddDays(-4), TimeSpan.FromMilliseconds(1));
        shown.GetProperty("physicianChoice").GetString()!.ShouldStartWith("Votre médecin est référent de votre maladie.");
        shown.GetProperty("physicianChoice").GetString()!.ShouldContain("3 médecins ont été examinés");

        // Replaced: nobody has it, and nothing is promised in their name.
        await intake.Service.Broker.Publish(new OfferClosed
        {
            OfferId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = IntakeFixture.Expert.PhysicianId,
            Reason = "replaced",
            ClosedAt = TimeProvider.System.GetUtcNow(),
        });
        await Eventually.True(async () => (await patient.Case(id)).GetProperty("physicianChoice").GetString() is null, "the choice is gone");
        (await patient.Case(id)).GetProperty("expectedAt").GetString().ShouldBeNull();
    }

    [Fact]
    public async Task Messages_of_matching_in_the_wrong_order_lead_to_the_same_state()
    {
        var patient = intake.Patient();
        var id = await patient.Complete();
        var now = TimeProvider.System.GetUtcNow();
        var broker = intake.Service.Broker;
        var assigned =
            new CaseAssigned { OfferId = Guid.CreateVersion7(), CaseId = id, PhysicianId = IntakeFixture.Expert.PhysicianId, AssignedAt = now.AddMinutes(3) };

        await broker.Publish(assigned, messageId: Guid.CreateVersion7());
        await Eventually.True(async () => await intake.State(id) == "assigned", "the assignment is first");
        await broker.Publish(Offer(id, now));
        await broker.Publish(new CaseEscalated { CaseId = id, Reason = "too_many_refusals", EscalatedAt = now.AddMinutes(1) });
        await broker.Publish(assigned, messageId: Guid.CreateVersion7());

        await Eventually.True(async () => await intake.Sql<long>(
            "select count(*) from inbox where consumer in ('MarkOffered', 'MarkEscalated') and received_at > now() - interval '1 minute'") >= 2,
            "the late ones are heard");
        (await intake.State(id)).ShouldBe("assigned");
        (await patient.Case(id)).GetProperty("timeline").GetArrayLength().ShouldBe(3);
    }

    [Fact]
    public async Task An_alert_that_comes_after_a_later_offer_changes_nothing()
    {
        var id = await intake.Patient().Complete();
        var now = TimeProvider.System.GetUtcNow();

        await intake.Service.Broker.Publish(Offer(id, now.AddMinutes(5)));
        await Eventually.True(async () => await intake.State(id) == "offered", "the offer is heard");
        var late = Guid.CreateVersion7();
        await intake.Service.Broker.Publish(new CaseEscalated { CaseId = id, Reason = "no_expert", EscalatedAt = now }, late);

        await Eventually.True(
            async () => await intake.Sql<bool>("select exists (select from inbox where message_id = @late)", new { late }), "the alert is heard");
        (await intake.State(id)).ShouldBe("offered");
    }

    [Fact]
    public async Task An_opinion_that_overtakes_its_assignment_is_delivered_and_the_assignment_still_opens_the_file()
    {
        var id = await intake.Patient().Complete();

        await Deliver(id);
        await intake.Service.Broker.Publish(new CaseAssigned
        {
            OfferId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = IntakeFixture.Expert.PhysicianId,
            AssignedAt = TimeProvider.System.GetUtcNow(),
        });

        (await As(IntakeFixture.Expert).GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon)).State.ShouldBe("delivered");
    }

    [Fact]
    public async Task A_doubled_message_moves_once()
    {
        var id = await intake.Patient().Complete();
        var (offer, messageId) = (Offer(id, TimeProvider.System.GetUtcNow()), Guid.CreateVersion7());

        for (var i = 0; i < 5; i++)
        {
            await intake.Service.Broker.Publish(offer, messageId);
        }

        await Eventually.True(async () => await intake.State(id) == "offered", "the offer is heard");
        await intake.Assign(id);
        (await intake.Sql<long>("select count(*) from case_move where case_id = @id and move = 'offer'", new { id })).ShouldBe(1);
    }

    private Dossiers.DossiersClient As(Rpps rpps) => new(intake.Service.Grpc(TestTokens.Physician(rpps), TestTokens.Service("physician")));

    private async Task NotFound(Guid id) =>
        (await Should.ThrowAsync<RpcException>(
            async () => await As(IntakeFixture.Expert).GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon)))
            .StatusCode.ShouldBe(StatusCode.NotFound);

    private async Task Deliver(Guid id)
    {
        await intake.Service.Broker.Publish(new OpinionDelivered
        {
            OpinionId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = IntakeFixture.Expert.PhysicianId,
            Version = 1,
            DeliveredAt = TimeProvider.System.GetUtcNow(),
        });
        await Eventually.True(async () => await intake.State(id) == "delivered", "the opinion is delivered");
    }

    private static CaseOffered Offer(Guid id, DateTimeOffset at) => new()
    {
        OfferId = Guid.CreateVersion7(),
        CaseId = id,
        PhysicianId = IntakeFixture.Expert.PhysicianId,
        PathologyCode = "endometriose",
        Rank = 1,
        OfferedAt = at,
        ExpiresAt = at.AddDays(1),
        DueAt = at.AddDays(7),
    };
}
