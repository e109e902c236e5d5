using System.Net;
using Grpc.Core;
using SecondOpinion.Contracts.Identifiers;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Contracts.Intake;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>No access outlives its reason: consent, state, role and time are asked at each read.</summary>
public sealed class EndOfAccessTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    private static DateTime Soon => TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(10);

    private Dossiers.DossiersClient Expert => new(intake.Service.Grpc(TestTokens.Physician(IntakeFixture.Expert), TestTokens.Service("physician")));

    [Fact]
    public async Task A_consent_taken_back_after_the_delivery_closes_the_file_and_one_given_again_opens_it()
    {
        var patient = intake.Patient();
        var id = await Delivered(patient);
        (await Reads(id)).ShouldBeTrue();

        (await patient.Consent(id, granted: false)).EnsureSuccessStatusCode();
        (await Reads(id)).ShouldBeFalse();
        var document = (await patient.Case(id)).GetProperty("documents")[0].GetProperty("documentId").GetString();
        using var call = Expert.Download(new DownloadDocumentRequest { CaseId = id.ToString(), DocumentId = document }, deadline: Soon);
        (await Should.ThrowAsync<RpcException>(async () => await call.ResponseStream.MoveNext())).StatusCode.ShouldBe(StatusCode.NotFound);

        (await patient.Consent(id)).EnsureSuccessStatusCode();
        (await Reads(id)).ShouldBeTrue();
    }

    [Fact]
    public async Task Some_time_after_the_delivery_the_physician_reads_no_more()
    {
        var patient = intake.Patient();
        var id = await Delivered(patient);
        (await Reads(id)).ShouldBeTrue();
        await intake.Sql<object>("update case_file set stopped_at = stopped_at - interval '91 days' where id = @id", new { id });
        (await Reads(id)).ShouldBeFalse();
        // The patient keeps the own file.
        (await patient.Case(id)).GetProperty("state").GetString().ShouldBe("delivered");
    }

    [Fact]
    public async Task An_agent_sees_a_case_while_there_is_something_to_help_with_and_then_no_more()
    {
        var patientId = Guid.CreateVersion7();
        var (agent, patient) = (intake.Agent(), intake.Patient(patientId));
        var id = await agent.Open(Journey.Opening(r => r["patientId"] = patientId));
        await agent.Fill(id);
        (await agent.Http.GetAsync($"/api/v1/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await patient.Post($"/api/v1/cases/{id}/confirmation", new { readBack = true })).EnsureSuccessStatusCode();
        (await Journey.Json(await patient.Submit(id))).GetProperty("state").GetString().ShouldBe("complete");

        await Gone(agent, id);
        (await agent.Get("/api/v1/cases?limit=100")).GetProperty("items").EnumerateArray().ShouldNotContain(c => c.GetProperty("caseId").GetGuid() == id);

        // The physician asks something: the agent may help again, until the answer is there.
        await intake.Assign(id);
        var question = Guid.CreateVersion7();
        await Expert.RequestInformationAsync(new RequestInformationRequest
        {
            CaseId = id.ToString(),
            RequestId = question.ToString(),
            Text = "Depuis quand ?"
        }, deadline: Soon);
        (await agent.Http.GetAsync($"/api/v1/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await agent.Post($"/api/v1/cases/{id}/information-requests/{question}/answer", new { text = "Depuis deux ans." })).EnsureSuccessStatusCode();
        await Gone(agent, id);
    }

    [Fact]
    public async Task A_consent_to_processing_that_is_taken_back_ends_the_agents_access_in_a_draft_too()
    {
        var patientId = Guid.CreateVersion7();
        var (agent, patient) = (intake.Agent(), intake.Patient(patientId));
        var id = await agent.Open(Journey.Opening(r => r["patientId"] = patientId));
        await agent.Fill(id);
        (await patient.Consent(id, granted: false)).EnsureSuccessStatusCode();
        await Gone(agent, id);
        (await patient.Case(id)).GetProperty("state").GetString().ShouldBe("draft");
    }

    [Fact]
    public async Task A_teleexpertise_consent_that_is_taken_back_ends_the_access_of_the_physician_who_asked()
    {
        var patientId = Guid.CreateVersion7();
        var (physician, patient) = (intake.Physician(Rpps.WithKey("9900000303")), intake.Patient(patientId));
        var id = await physician.Open(Journey.Opening(r =>
        {
            r["patientId"] = patientId;
            r["patientConsentObtained"] = true;
        }));
        await physician.Fill(id, consent: false);
        (await patient.Consent(id)).EnsureSuccessStatusCode();
        (await patient.Post($"/api/v1/cases/{id}/confirmation", new { readBack = true })).EnsureSuccessStatusCode();
        (await physician.Submit(id)).EnsureSuccessStatusCode();
        (await physician.Http.GetAsync($"/api/v1/cases/{id}")).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await patient.Consent(id, "teleexpertise", granted: false)).EnsureSuccessStatusCode();

        await Gone(physician, id);
        var document = (await patient.Case(id)).GetProperty("documents")[0].GetProperty("documentId").GetString();
        (await physician.Http.GetAsync($"/api/v1/cases/{id}/documents/{document}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task One_download_of_the_physician_is_one_record_as_what_it_was_and_every_refusal_is_one_too()
    {
        var id = await intake.Patient().Assigned();
        var document = await intake.Sql<Guid>("select id from document where case_id = @id", new { id });
        using (var call = Expert.Download(new DownloadDocumentRequest { CaseId = id.ToString(), DocumentId = document.ToString() }, deadline: Soon))
        {
            while (await call.ResponseStream.MoveNext())
            {
                // Read to the end.
            }
        }

        (await intake.Sql<string>(
            "select string_agg(action || ' ' || object_type, ',') from audit_record where actor = @Me and object_id = any(@Ids)",
            new { Me = IntakeFixture.Expert.PhysicianId.ToString(), Ids = new[] { id.ToString(), document.ToString() } })).ShouldBe("download document");

        var stranger = new Dossiers.DossiersClient(intake.Service.Grpc(TestTokens.Physician(Rpps.WithKey("9900000202")), TestTokens.Service("physician")));
        await Should.ThrowAsync<RpcException>(async () => await stranger.GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon));
        await intake.Patient().Http.GetAsync($"/api/v1/cases/{id}");
        (await intake.Sql<string>(
            "select string_agg(object_type || ' ' || purpose, ', ' order by id) from audit_record where action = 'refused' and object_id = @Id",
            new { Id = id.ToString() }))
            .ShouldBe("secondopinion.intake.v1.Dossiers/Get REQ-0005, GetCase http_404");
    }

    [Fact]
    public async Task A_physician_who_is_replaced_reads_no_more_whatever_comes_late_and_the_promise_to_the_patient_stands()
    {
        var patient = intake.Patient();
        var id = await patient.Assigned();
        var due = (await patient.Case(id)).GetProperty("dueAt").GetDateTimeOffset();
        (await Reads(id)).ShouldBeTrue();
        var first = await intake.Sql<Guid>("select assigned_physician from case_file where id = @id", new { id });

        await Expert.RequestInformationAsync(
            new RequestInformationRequest { CaseId = id.ToString(), RequestId = Guid.CreateVersion7().ToString(), Text = "Depuis quand ?" }, deadline: Soon);
        await intake.Service.Broker.Publish(new OfferClosed
        {
            OfferId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = first,
            Reason = "replaced",
            ClosedAt = TimeProvider.System.GetUtcNow(),
        });
        await Eventually.True(async () => await intake.State(id) == "complete", "the case waits for somebody else");
        await Absent(IntakeFixture.Expert, id);

        // The first assignment, told once more and late, gives nothing back.
        var late = Guid.CreateVersion7();
        await intake.Service.Broker.Publish(new CaseAssigned
        {
            OfferId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = first,
            AssignedAt = TimeProvider.System.GetUtcNow(),
        }, late);
        await Eventually.True(async () => await intake.Sql<bool>("select exists (select from inbox where message_id = @late)", new { late }), "it is heard");
        (await intake.State(id)).ShouldBe("complete");
        await Absent(IntakeFixture.Expert, id);

        var second = Rpps.WithKey("9900000105");
        await intake.Assign(id, second);
        var follower = new Dossiers.DossiersClient(intake.Service.Grpc(TestTokens.Physician(second), TestTokens.Service("physician")));
        await follower.GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon);
        (await patient.Case(id)).GetProperty("dueAt").GetDateTimeOffset().ShouldBe(due);
        // The question of who has gone waits for nothing; whoever follows may ask.
        await follower.RequestInformationAsync(
            new RequestInformationRequest { CaseId = id.ToString(), RequestId = Guid.CreateVersion7().ToString(), Text = "Et la fièvre ?" }, deadline: Soon);
        (await intake.State(id)).ShouldBe("awaiting_information");
    }

    [Fact]
    public async Task A_question_that_nobody_answers_stops_holding_up_the_opinion_and_a_delivered_case_closes_itself()
    {
        var patient = intake.Patient();
        var id = await patient.Assigned();
        var question = Guid.CreateVersion7();
        var expert = Expert;
        await expert.RequestInformationAsync(
            new RequestInformationRequest { CaseId = id.ToString(), RequestId = question.ToString(), Text = "Depuis quand ?" }, deadline: Soon);
        var due = (await patient.Case(id)).GetProperty("dueAt").GetDateTimeOffset();

        intake.Time.Advance(TimeSpan.FromDays(13));
        await Job<SecondOpinion.Intake.Information.LapseQuestions>(intake).Lapse(CancellationToken.None);
        (await intake.State(id)).ShouldBe("awaiting_information");
        intake.Time.Advance(TimeSpan.FromDays(1.1));
        await Job<SecondOpinion.Intake.Information.LapseQuestions>(intake).Lapse(CancellationToken.None);

        (await intake.State(id)).ShouldBe("assigned");
        var provided = await intake.Service.Broker.Next<InformationProvided>(p => p.CaseId == id);
        (provided.RequestId, provided.DueAt > due.AddDays(14)).ShouldBe((question, true));
        var asked = (await patient.Case(id)).GetProperty("informationRequests").EnumerateArray().Single();
        asked.GetProperty("lapsedAt").ValueKind.ShouldNotBe(System.Text.Json.JsonValueKind.Null);
        (await Journey.Problem(await patient.Post($"/api/v1/cases/{id}/information-requests/{question}/answer", new { text = "Trop tard" }))).Code
            .ShouldBe("INT-0028");
        (await expert.GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon)).Messages.Select(m => m.Author).ShouldBe(["physician"]);
        // The next question waits for its own answer.
        await expert.RequestInformationAsync(
            new RequestInformationRequest { CaseId = id.ToString(), RequestId = Guid.CreateVersion7().ToString(), Text = "Et la fièvre ?" }, deadline: Soon);
        (await intake.State(id)).ShouldBe("awaiting_information");

        await intake.Service.Broker.Publish(new OpinionDelivered
        {
            OpinionId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = IntakeFixture.Expert.PhysicianId,
            Version = 1,
            DeliveredAt = intake.Time.GetUtcNow(),
        });
        await Eventually.True(async () => await intake.State(id) == "delivered", "the opinion is delivered");
        await Job<SecondOpinion.Intake.Cases.CloseReadCases>(intake).Close(CancellationToken.None);
        (await intake.State(id)).ShouldBe("delivered");
        intake.Time.Advance(TimeSpan.FromDays(91));
        await Job<SecondOpinion.Intake.Cases.CloseReadCases>(intake).Close(CancellationToken.None);
        (await intake.State(id)).ShouldBe("closed");
    }

    private static T Job<T>(IntakeFixture intake) where T : class =>
        intake.Service.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<T>().Single();

    private async Task Absent(Rpps physician, Guid id) =>
        (await Should.ThrowAsync<RpcException>(async () => await new Dossiers.DossiersClient(
            intake.Service.Grpc(TestTokens.Physician(physician), TestTokens.Service("physician")))
            .GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon))).StatusCode.ShouldBe(StatusCode.NotFound);

    [Fact]
    public async Task A_person_has_few_open_cases_whoever_opens_them()
    {
        var other = new IntakeFixture();
        await using var _ = other;
        other.Settings["Cases:OpenPerPerson"] = "2";
        await other.InitializeAsync();
        var patientId = Guid.CreateVersion7();
        var patient = other.Patient(patientId);
        var first = await patient.Open();
        var second = await other.Agent().Open(Journey.Opening(r => r["patientId"] = patientId));
        var checks = other.Partners.Billing.Checks.Count;

        (await Journey.Problem(await patient.TryOpen())).ShouldBe((409, "INT-0024", null));
        (await Journey.Problem(await other.Agent().TryOpen(Journey.Opening(r => r["patientId"] = patientId)))).Code.ShouldBe("INT-0024");
        other.Partners.Billing.Checks.Count.ShouldBe(checks, "no insurer is asked for it");
        (await patient.Post($"/api/v1/cases/{second}/withdraw")).EnsureSuccessStatusCode();
        await patient.Open();
        (await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ => (int)(await patient.TryOpen()).StatusCode))).ShouldAllBe(s => s == 409);
        first.ShouldNotBe(second);
    }

    [Fact]
    public async Task What_billing_refuses_to_answer_is_told_and_no_case_is_opened()
    {
        var patientId = Guid.CreateVersion7();
        var patient = intake.Patient(patientId);
        foreach (var (member, expected) in new[] { ("MANY1", (429, "INT-0025")), ("OTHER1", (409, "INT-0026")) })
        {
            var answer = await patient.TryOpen(Journey.Opening(r => r["coverage"]!["memberNumber"] = member));
            var problem = await Journey.Problem(answer);
            (problem.Status, problem.Code).ShouldBe(expected);
        }

        (await intake.Sql<long>("select count(*) from case_file where patient_id = @patientId", new { patientId })).ShouldBe(0);
    }

    private async Task<Guid> Delivered(Journey patient)
    {
        var id = await patient.Assigned();
        await intake.Service.Broker.Publish(new OpinionDelivered
        {
            OpinionId = Guid.CreateVersion7(),
            CaseId = id,
            PhysicianId = IntakeFixture.Expert.PhysicianId,
            Version = 1,
            DeliveredAt = intake.Time.GetUtcNow(),
        });
        await Eventually.True(async () => await intake.State(id) == "delivered", "the opinion is delivered");
        return id;
    }

    private async Task<bool> Reads(Guid id)
    {
        try
        {
            await Expert.GetAsync(new GetDossierRequest { CaseId = id.ToString() }, deadline: Soon);
            await Expert.CheckAccessAsync(new CheckAccessRequest { CaseId = id.ToString() }, deadline: Soon);
            return true;
        }
        catch (RpcException refused) when (refused.StatusCode == StatusCode.NotFound)
        {
            refused.Trailers.GetValue("error-code").ShouldBe("INT-0023");
            return false;
        }
    }

    private static async Task Gone(Journey who, Guid id)
    {
        foreach (var path in (string[])["", "/answers", "/questions"])
        {
            (await who.Http.GetAsync($"/api/v1/cases/{id}{path}")).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }

        (await who.Post($"/api/v1/cases/{id}/withdraw")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
