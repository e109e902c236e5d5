using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;
using SecondOpinion.Tests.StrangersClient;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>
/// The whole case by a client that a generator made of docs/openapi.json: nobody writes a header, a path or a member's name by hand but the token. What the
/// description does not say, a stranger cannot do (docs/decisions/0090).
/// </summary>
[Collection(OnSharedSystem.Name)]
public sealed class StrangersTests(SharedSystem system)
{
    private static readonly JsonNode Sample = Journey.Sample("case.json");
    private readonly Client _patient = new(system.Http(system.Token(Roles.Patient)));
    private readonly Client _ops = new(system.Http(system.Token(Roles.Ops, "stranger-ops")));

    private static string Key => Guid.CreateVersion7().ToString();

    [Fact]
    public async Task A_generated_client_plays_the_whole_case()
    {
        var id = await Open();
        await FillIn(id);
        await AddDocuments(id);
        var submitted = (await _patient.SubmitCaseAsync(id)).Result;
        submitted.State.ShouldNotBe("incomplete", string.Join(", ", submitted.Missing.Select(m => m.Detail)));

        var (physician, offerId) = await Offered(id);
        (await physician.AcceptOfferAsync(offerId, Key)).StatusCode.ShouldBe(200);
        await Until(id, "assigned");
        await Read(physician, id);
        await AskAndAnswer(physician, id);
        await Sign(physician, id);

        await Until(id, "delivered");
        await Download(id);
        (await _patient.GetCaseAsync(id)).Result.AllowedMoves.ShouldBe(["close"]);
        (await _patient.CloseCaseAsync(id)).StatusCode.ShouldBe(200);
        (await _ops.ShowCaseLedgerAsync(id)).Result.Transactions.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_generated_client_of_an_insurer_reads_its_contracts_and_sends_the_sample_roster()
    {
        var details = new InsurerDetails
        {
            Name = "Mutuelle d'un inconnu (fictive)",
            Kind = InsurerDetailsKind.Mutuelle,
            InvoicingAddress = new() { Name = "Comptabilité", Street = "1 rue Fictive", PostCode = "75000", City = "Paris" },
        };
        var amc = $"9900{RandomNumberGenerator.GetInt32(500000, 999999)}";
        var insurer = (await _ops.RegisterInsurerAsync(Key, new() { AmcNumber = amc, Details = details })).Result;
        var since = new DateOnly(2024, 1, 1);
        await _ops.SaveContractAsync(insurer.Id, "SANTE-1", "\"v0\"", new()
        {
            AppliesFrom = since,
            ValidFrom = since,
            Label = "Santé (fictif)",
            Kind = ContractTermsRequestKind.Sante,
            ServiceIncluded = true,
            UsesPerPerson = 2,
            WaitingDays = 0,
            Pricing = ContractTermsRequestPricing.Per_opinion,
            PriceCents = 29_500,
        });
        var partner = new Client(system.Http(system.Token(Roles.Partner, "stranger-partner", ("insurer_id", insurer.Id.ToString()))));

        (await partner.ShowInsurerAsync(insurer.Id)).Result.Contracts.ShouldHaveSingleItem().Code.ShouldBe("SANTE-1");
        var format = (await partner.ShowRosterFormatAsync()).Result;
        format.Columns.Select(c => c.Name).ShouldContain("numero_adherent");
        byte[] file = [];
        // The billing that answers may hear of the contract a moment later.
        await Eventually.True(async () =>
        {
            using var sample = await partner.DownloadRosterSampleAsync("whole");
            file = await Bytes(sample);
            return Encoding.UTF8.GetString(file).Contains("SANTE-1", StringComparison.Ordinal);
        }, "the sample names the contract of the insurer");

        // Two pieces are taken of a file whose hash was announced, and of no other.
        var announced = (await partner.CreateRosterAsync(
            Key, new() { Kind = CreateRosterRequestKind.Whole, SizeBytes = file.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(file)) })).Result;
        var half = file.Length / 2;
        var first = await partner.AppendRosterContentAsync(announced.Id, 0, new FileParameter(new MemoryStream(file[..half]), null, "text/csv"));
        Header(first, "Upload-Offset").ShouldBe($"{half}");
        var stands = Header(await partner.RosterContentOffsetAsync(announced.Id), "Upload-Offset");
        await partner.AppendRosterContentAsync(
            announced.Id, long.Parse(stands, System.Globalization.CultureInfo.InvariantCulture),
            new FileParameter(new MemoryStream(file[half..]), null, "text/csv"));
        RosterStatus status = new();
        await Eventually.True(
            async () => (status = (await partner.ShowRosterAsync(announced.Id)).Result).FinishedAt is not null, "the import is over",
            TimeSpan.FromSeconds(120));

        (status.State, status.Rejected, status.Accepted).ShouldBe(("imported", 0, 4), status.RefusalText);
        (await partner.ListRosterVersionsAsync(insurer.Id)).Result.CurrentVersion.ShouldBe(1);
    }

    [Fact]
    public async Task A_refusal_is_a_problem_that_the_generated_client_reads()
    {
        var refused = await Should.ThrowAsync<ApiException<Problem>>(() => _patient.GetCaseAsync(Guid.CreateVersion7()));
        (refused.StatusCode, refused.Result.Code).ShouldBe((404, "REQ-0005"));
        refused.Result.Detail.ShouldNotBeNullOrEmpty();
    }

    private async Task<Guid> Open()
    {
        var safety = new SafetyAnswers { DiagnosisKnown = true };
        (await _patient.AnswerEmergencyScreenAsync(safety)).Result.MayContinue.ShouldBeTrue();
        var found = (await _patient.SearchPathologiesAsync(new() { Q = "endometriose" })).Result.Items.First();
        var person = Sample["patient"]!;
        var member = Sample["coverage"]!;
        var birth = DateOnly.Parse((string)person["birthDate"]!, System.Globalization.CultureInfo.InvariantCulture);
        var covered = (await _patient.CheckEligibilityAsync(new()
        {
            AmcNumber = (string)member["amcNumber"]!,
            MemberNumber = (string)member["memberNumber"]!,
            BirthDate = (string)person["birthDate"]!,
            BirthRank = 1,
        })).Result;
        covered.Covered.ShouldBeTrue();
        return (await _patient.OpenCaseAsync(Key, new()
        {
            PathologyCode = found.Code,
            Safety = safety,
            Patient = new()
            {
                BirthName = (string)person["birthName"]!,
                GivenNames = [.. person["givenNames"]!.AsArray().Select(n => (string)n!)],
                Sex = CasePersonSex.F,
                BirthDate = birth,
            },
            Coverage = new() { AmcNumber = (string)member["amcNumber"]!, MemberNumber = (string)member["memberNumber"]! },
            TreatingEstablishment = (string)Sample["treatingEstablishment"]!["finess"]!,
        })).Result.CaseId;
    }

    private async Task FillIn(Guid id)
    {
        var file = (await _patient.GetCaseAsync(id)).Result;
        var general = new QuestionnaireRequest { Code = "general", Version = file.GeneralVersion };
        (await _patient.GetQuestionnaireAsync(general)).Result.Questions.ShouldNotBeEmpty();
        var asked = new QuestionnaireRequest { Code = file.Questionnaire, Version = file.QuestionnaireVersion };
        (await _patient.GetQuestionnaireAsync(asked)).Result.Questions.ShouldNotBeEmpty();
        var answers = Journey.Sample("answers.json")["answers"]!.AsObject().ToDictionary(a => a.Key, a => (object)a.Value!);
        await _patient.SaveAnswersAsync(id, Etag(await _patient.ReadAnswersAsync(id)), new()
        {
            Questionnaire = file.Questionnaire,
            Version = file.QuestionnaireVersion,
            Answers = answers,
        });
        await _patient.SaveQuestionsAsync(id, Etag(await _patient.ReadQuestionsAsync(id)), new()
        {
            Questions = [.. Journey.Sample("questions.json")["questions"]!.AsArray().Select(q => (string)q!)],
        });
        await _patient.TellSocialFactsAsync(id, Etag(await _patient.ReadSocialFactsAsync(id)), new() { HeardFrom = SocialFactsRequestHeardFrom.Physician });
        (await _patient.ReadSocialFactsAsync(id)).Result.HeardFrom.ShouldBe("physician");
        var text = (await _patient.ListConsentTextsAsync()).Result.Single(t => t.RequiredToSubmit);
        text.Purpose.ShouldBe("processing");
        await _patient.RecordConsentAsync(id, new() { Purpose = RecordConsentRequestPurpose.Processing, Granted = true, TextVersion = text.Version });
    }

    private async Task AddDocuments(Guid id)
    {
        var types = (await _patient.GetCodesAsync("document-types")).Result.Codes.Select(c => c.Code).ToList();
        foreach (var document in Sample["documents"]!.AsArray())
        {
            var name = (string)document!["file"]!;
            var type = (string)document["kind"]!;
            types.ShouldContain(type);
            await using var bytes = File.OpenRead(Path.Combine(Journey.SampleFolder, name));
            var kept = (await _patient.UploadDocumentAsync(
                id, type, Key, new FileParameter(bytes, name, "application/octet-stream"), Uri.EscapeDataString("été " + name))).Result;
            kept.FileName.ShouldBe("été " + name);
            using var back = await _patient.DownloadDocumentAsync(id, kept.DocumentId);
            Convert.ToHexStringLower(SHA256.HashData(await Bytes(back))).ShouldBe(kept.Sha256);
        }
    }

    private async Task<(Client Physician, Guid OfferId)> Offered(Guid id)
    {
        var chosen = Guid.Empty;
        await Eventually.True(async () =>
        {
            try
            {
                var matching = (await _ops.ShowMatchingAsync(id)).Result;
                return matching.State == "offered" && (chosen = matching.PhysicianId ?? Guid.Empty) != Guid.Empty;
            }
            catch (ApiException<Problem> soon) when (soon.StatusCode == 404)
            {
                // The complete file reaches matching by event.
                return false;
            }
        }, "the case is offered", TimeSpan.FromSeconds(120));
        var profile = (await _ops.ListPhysiciansAsync(pathology: (await _ops.ShowMatchingAsync(id)).Result.PathologyCode, limit: 100)).Result.Items
            .Single(p => p.PhysicianId == chosen);
        var physician = new Client(system.Http(system.PhysicianToken(Rpps.Parse(profile.Rpps))));
        WorklistEntry? offer = null;
        await Eventually.True(
            async () => (offer = (await physician.ShowWorklistAsync(State.Offered, 100)).Result.Items.FirstOrDefault(i => i.CaseId == id)) is not null,
            "the offer is on the worklist", TimeSpan.FromSeconds(120));
        return (physician, offer!.OfferId);
    }

    private static async Task Read(Client physician, Guid id)
    {
        CaseDossier? dossier = null;
        await Eventually.True(async () =>
        {
            try
            {
                dossier = (await physician.ReadDossierAsync(id)).Result;
                return true;
            }
            catch (ApiException<Problem> soon) when (soon.StatusCode == 503)
            {
                // Retry-After, as the description says.
                return false;
            }
        }, "the file is open to the physician", TimeSpan.FromSeconds(120));
        foreach (var document in dossier!.Documents)
        {
            using var file = await physician.DownloadCaseDocumentAsync(id, document.DocumentId);
            Convert.ToHexStringLower(SHA256.HashData(await Bytes(file))).ShouldBe(document.Sha256);
        }
    }

    private async Task AskAndAnswer(Client physician, Guid id)
    {
        var asked = (await physician.AskForInformationAsync(id, Key, new() { Text = "Depuis quand avez-vous mal ?" })).Result;
        await Until(id, "awaiting_information");
        await _patient.AnswerInformationRequestAsync(id, asked.RequestId, new() { Text = "Depuis mars." });
        await Until(id, "assigned");
    }

    private static async Task Sign(Client physician, Guid id)
    {
        var draft = await physician.ShowOwnOpinionAsync(id);
        var saved = await physician.SaveDraftAsync(id, Etag(draft), new()
        {
            Diagnosis = Finding.Confirmed,
            Treatment = Finding.Changed,
            Impact = Impact.Major,
            Reasoning = ["Les examens concordent."],
            Recommendations = ["Reporter l'intervention."],
            AnswersToQuestions = ["Non.", "Oui.", "Une équipe experte."],
        });
        // The patient's answer reaches the physician's side by event.
        await Eventually.True(async () =>
        {
            try
            {
                return (await physician.SignOpinionAsync(id, Key, Etag(saved))).Result.Version == 1;
            }
            catch (ApiException<Problem> waiting) when (waiting.StatusCode == 409)
            {
                return false;
            }
        }, "the opinion is signed", TimeSpan.FromSeconds(120));
    }

    private async Task Download(Guid id)
    {
        var opinion = (await _patient.GetOpinionAsync(id)).Result;
        using var whole = await _patient.DownloadOpinionAsync(id);
        var pdf = await Bytes(whole);
        Convert.ToHexStringLower(SHA256.HashData(pdf)).ShouldBe(opinion.Sha256);
        var etag = whole.Headers["ETag"].Single();
        using var part = await _patient.DownloadOpinionAsync(id, "bytes=100-199", etag);
        part.StatusCode.ShouldBe(206);
        (await Bytes(part)).ShouldBe(pdf[100..200]);
        using var other = await _patient.DownloadOpinionAsync(id, "bytes=100-199", "\"another\"");
        (await Bytes(other)).Length.ShouldBe(pdf.Length, "another version is sent whole");
        var beyond = await Should.ThrowAsync<ApiException<Problem>>(() => _patient.DownloadOpinionAsync(id, $"bytes={pdf.Length}-"));
        (beyond.StatusCode, beyond.Result.Code).ShouldBe((416, "REQ-0018"));
        beyond.Headers.Single(h => h.Key.Equals("Content-Range", StringComparison.OrdinalIgnoreCase)).Value.ShouldBe([$"bytes */{pdf.Length}"]);
    }

    private Task Until(Guid id, string state) => Eventually.True(
        async () => (await _patient.GetCaseAsync(id)).Result.State == state, $"the case is {state}", TimeSpan.FromSeconds(120));

    private static string Etag(SwaggerResponse answer) => Header(answer, "ETag");

    /// <summary>Names of headers have no case: what passed HTTP/2 on its way comes in lower case.</summary>
    private static string Header(SwaggerResponse answer, string name) =>
        answer.Headers.Single(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value.Single();

    private static async Task<byte[]> Bytes(FileResponse file)
    {
        using var all = new MemoryStream();
        await file.Stream.CopyToAsync(all);
        return all.ToArray();
    }
}
