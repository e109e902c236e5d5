using System.Text.Json;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>To whom an opinion may go: asked by the service that sends it, each time.</summary>
public sealed class SharingTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    private const string Purpose = "sharing_with_treating_physician";
    private static readonly Rpps Treating = Rpps.WithKey("9900000303");
    private static readonly Rpps Other = Rpps.WithKey("9900000304");

    private Sharing.SharingClient Desk => new(intake.Service.Grpc(TestTokens.Service("physician")));

    private static DateTime Soon => TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(20);

    [Fact]
    public async Task With_consent_and_a_qualified_identity_recipient_and_traits_are_told_and_the_patient_sees_that_they_were()
    {
        var (patient, id) = await Assigned();
        (await patient.Consent(id, Purpose)).EnsureSuccessStatusCode();

        var found = await Find(id);
        (found.Refusal, found.Rpps, found.Name, found.LegalRegime).ShouldBe(("", Treating.Value, "Dr Modèle", "teleconseil_personnalise"));
        found.Patient.ShouldBe(new QualifiedIdentity
        {
            BirthName = "EXEMPLE",
            GivenNames = { "Camille", "Jeanne" },
            Sex = "F",
            BirthDate = "1989-04-17",
            BirthPlaceCode = "35238",
            Matricule = "289043523899902",
            Oid = "1.2.250.1.213.1.4.8",
        });
        (await Confirm(id, Treating)).ShouldBe("");

        var accesses = (await patient.Get($"/api/v1/cases/{id}/accesses")).GetProperty("accesses").EnumerateArray();
        accesses.Count(a => a.GetProperty("action").GetString() == "share" && a.GetProperty("purpose").GetString() == Purpose).ShouldBe(1);
    }

    [Fact]
    public async Task Without_consent_or_once_it_is_taken_back_nothing_is_told()
    {
        var (patient, id) = await Assigned();
        (await Refused(id)).ShouldBe("not_agreed");

        (await patient.Consent(id, Purpose)).EnsureSuccessStatusCode();
        (await Refused(id)).ShouldBe("");
        (await patient.Consent(id, Purpose, granted: false)).EnsureSuccessStatusCode();
        (await Refused(id)).ShouldBe("not_agreed");
        (await Confirm(id, Treating)).ShouldBe("not_agreed");
        var accesses = (await patient.Get($"/api/v1/cases/{id}/accesses")).GetProperty("accesses").EnumerateArray();
        accesses.Count(a => a.GetProperty("action").GetString() == "share").ShouldBe(1, "what was refused told nothing");
    }

    [Fact]
    public async Task Consent_holds_for_the_physician_named_when_it_was_given_and_for_no_other()
    {
        var patient = intake.Patient();
        var id = await patient.Open(Opening());
        (await patient.Consent(id, Purpose)).EnsureSuccessStatusCode();
        await patient.Fill(id);
        using var changed = await patient.Put(
            $"/api/v1/cases/{id}/care",
            JsonNode.Parse($$"""{ "treatingEstablishment": "189999998", "treatingPhysician": { "rpps": "{{Other.Value}}" } }""")!,
            $"\"v{await intake.Sql<long>("select version from case_file where id = @id", new { id })}\"");
        changed.EnsureSuccessStatusCode();
        (await patient.Submit(id)).EnsureSuccessStatusCode();
        await intake.Assign(id);
        (await Refused(id)).ShouldBe("not_agreed");

        // The same word, said again: now it is about the other one.
        (await patient.Consent(id, Purpose)).EnsureSuccessStatusCode();
        (await Find(id)).Rpps.ShouldBe(Other.Value);
        (await Confirm(id, Treating)).ShouldBe("not_agreed", "the mail was written for somebody else");
        (await Confirm(id, Other)).ShouldBe("");
    }

    [Theory]
    [InlineData("no_recipient", "treatingPhysician", null)]
    [InlineData("identity_not_qualified", "ins", null)]
    // Somebody else's number, valid by itself: born in another year.
    [InlineData("identity_not_qualified", "ins", "279035121518989")]
    public async Task Without_a_recipient_or_a_qualified_identity_nothing_is_told(string refusal, string lacking, string? matricule)
    {
        var (patient, id) = await Assigned(r =>
        {
            if (lacking == "treatingPhysician")
            {
                r.Remove(lacking);
            }
            else if (matricule is null)
            {
                r["patient"]!.AsObject().Remove(lacking);
            }
            else
            {
                r["patient"]![lacking]!["matricule"] = matricule;
            }
        });
        (await patient.Consent(id, Purpose)).EnsureSuccessStatusCode();
        (await Refused(id)).ShouldBe(refusal);
        (await Confirm(id, Treating)).ShouldBe(refusal);
    }

    [Fact]
    public async Task What_is_withdrawn_or_unknown_goes_to_nobody()
    {
        var (patient, id) = await Assigned();
        (await patient.Consent(id, Purpose)).EnsureSuccessStatusCode();
        (await patient.Consent(id, granted: false)).EnsureSuccessStatusCode();
        (await Refused(id)).ShouldBe("case_over");
        (await Refused(Guid.CreateVersion7())).ShouldBe("case_over");
    }

    [Fact]
    public async Task The_patient_sees_where_the_opinion_stands_and_nobody_else_does()
    {
        var (patient, id) = await Assigned();
        intake.Partners.Shares[id] = new Share
        {
            Version = 1,
            State = "sent",
            Explanation = "L'avis a été remis à l'opérateur de messagerie.",
            Receipts = { new ShareReceipt { Kind = "not_integrated", Code = 902, Explanation = "Patient inconnu.", ReceivedAt = new() } },
        };
        var version = (await patient.Get($"/api/v1/cases/{id}/opinion/sharing")).GetProperty("versions").EnumerateArray().Single();
        version.GetProperty("state").GetString().ShouldBe("sent");
        version.GetProperty("reason").ValueKind.ShouldBe(JsonValueKind.Null);
        version.GetProperty("receipts")[0].GetProperty("kind").GetString().ShouldBe("not_integrated");
        (await intake.Patient().Http.GetAsync($"/api/v1/cases/{id}/opinion/sharing")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        (await intake.Agent().Http.GetAsync($"/api/v1/cases/{id}/opinion/sharing")).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
    }

    private static JsonObject Opening(Action<JsonObject>? change = null) => Journey.Opening(r =>
    {
        r["treatingPhysician"] = JsonNode.Parse($$"""{ "rpps": "{{Treating.Value}}", "name": "Dr Modèle" }""");
        r["patient"]!["ins"] = JsonNode.Parse("""{ "matricule": "289043523899902", "oid": "1.2.250.1.213.1.4.8", "status": "qualified" }""");
        change?.Invoke(r);
    });

    private async Task<(Journey Patient, Guid Id)> Assigned(Action<JsonObject>? change = null)
    {
        var patient = intake.Patient();
        var id = await patient.Open(Opening(change));
        await patient.Fill(id);
        (await patient.Submit(id)).EnsureSuccessStatusCode();
        await intake.Assign(id);
        return (patient, id);
    }

    private async Task<FindRecipientReply> Find(Guid id) => await Desk.FindAsync(new FindRecipientRequest { CaseId = id.ToString() }, deadline: Soon);

    /// <summary>Why not; then nothing else is in the answer.</summary>
    private async Task<string> Refused(Guid id)
    {
        var reply = await Find(id);
        if (reply.Refusal.Length > 0)
        {
            reply.ShouldBe(new FindRecipientReply { Refusal = reply.Refusal });
        }

        return reply.Refusal;
    }

    private async Task<string> Confirm(Guid id, Rpps rpps) =>
        (await Desk.ConfirmAsync(new ConfirmSharingRequest { CaseId = id.ToString(), Rpps = rpps.Value }, deadline: Soon)).Refusal;
}
