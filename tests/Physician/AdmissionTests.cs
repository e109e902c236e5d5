using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Grpc.Core;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Physician;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Physician.Admission;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Text;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

public sealed class AdmissionTests(PhysicianService physician) : IClassFixture<PhysicianService>
{
    [Fact]
    public void The_sample_referents_are_fictitious_have_valid_keys_and_use_codes_of_the_catalogue()
    {
        var samples = LoadSamplePhysicians.Samples();
        var pathologies = Column("pathologies.csv");
        var specialties = Column("specialties.csv");

        samples.Count.ShouldBe(350);
        samples.Select(s => s.Rpps).ShouldBeUnique();
        samples.ShouldAllBe(s => s.Rpps.StartsWith("99") && Rpps.Parse(s.Rpps).Value == s.Rpps);
        samples.ShouldAllBe(s => s.DisplayName.Contains("EXEMPLE"));
        samples.SelectMany(s => s.Establishments).ShouldAllBe(e => Finess.Parse(e).Value == e);
        samples.SelectMany(s => s.PathologyCodes).Except(pathologies).ShouldBeEmpty();
        samples.Select(s => s.SpecialtyCode).Except(specialties).ShouldBeEmpty();
        pathologies.Where(p => samples.Count(s => s.PathologyCodes.Contains(p)) < 2).ShouldBeEmpty("nobody is the only one for a disease");
        samples.Count(s => s.PathologyCodes.Contains("endometriose") && !s.Establishments.Contains("189999998")).ShouldBeGreaterThanOrEqualTo(2);
        samples.Count(s => s.PathologyCodes.Contains("endometriose")).ShouldBeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public async Task Operations_and_the_council_see_the_roster_and_nobody_else_does()
    {
        foreach (var role in Roles.All)
        {
            (await physician.As(role).GetAsync("/api/v1/physicians")).StatusCode
                .ShouldBe(role is Roles.Ops or Roles.Council ? HttpStatusCode.OK : HttpStatusCode.Forbidden);
        }

        var page = await physician.As(Roles.Ops).GetFromJsonAsync<JsonElement>("/api/v1/physicians?pathology=endometriose");
        var alix = page.GetProperty("items").EnumerateArray().Single(p => p.GetProperty("rpps").GetString() == physician.Alix.Value);
        alix.GetProperty("physicianId").GetGuid().ShouldBe(physician.Alix.PhysicianId);
        alix.GetProperty("specialtyCode").GetString().ShouldBe("SM20");
    }

    [Fact]
    public async Task Diseases_with_too_few_referents_are_reported_and_who_is_suspended_does_not_count()
    {
        foreach (var role in Roles.All.Except([Roles.Ops, Roles.Council]))
        {
            (await physician.As(role).GetAsync("/api/v1/physicians/coverage")).StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
        }

        var samples = LoadSamplePhysicians.Samples();
        var rare = samples.SelectMany(r => r.PathologyCodes).CountBy(code => code).First(code => code.Value == 2).Key;
        var first = Rpps.Parse(samples.First(r => r.PathologyCodes.Contains(rare)).Rpps);
        (await Gaps()).ShouldBeEmpty();

        await Suspend(true);
        (await Gaps())[rare].ShouldBe(1);
        await Suspend(false);
        (await Gaps()).ShouldBeEmpty();

        async Task<Dictionary<string, int>> Gaps()
        {
            var report = await physician.As(Roles.Council).GetFromJsonAsync<JsonElement>("/api/v1/physicians/coverage");
            var gaps = report.GetProperty("gaps").EnumerateArray()
                .ToDictionary(g => g.GetProperty("pathologyCode").GetString()!, g => g.GetProperty("referents").GetInt32());
            report.GetProperty("pathologies").GetInt32().ShouldBeGreaterThan(900);
            (report.GetProperty("covered").GetInt32() + gaps.Count).ShouldBe(report.GetProperty("pathologies").GetInt32());
            return gaps;
        }

        async Task Suspend(bool suspended) => (await PhysicianService.Put(
            physician.As(Roles.Council), $"/physicians/{first.PhysicianId}/suspension", new { suspended }, null)).EnsureSuccessStatusCode();
    }

    [Fact]
    public async Task Each_sample_referent_is_told_once_even_after_a_restart()
    {
        await using var service =
            await ServiceUnderTest<Program>.Start("physician", new Dictionary<string, string?>(PhysicianService.Keys) { ["SampleData:Enabled"] = "true" });
        await Eventually.True(() => service.Broker.Heard<PhysicianAdmitted>().Count == 350, "all référents are told");

        await service.Stop();
        await service.Start();
        await service.Broker.Publish(new SecondOpinion.Contracts.Billing.OpinionBooked
        {
            CaseId = Guid.CreateVersion7(),
            InsurerId = Guid.CreateVersion7(),
            ReceivableCents = 1,
            PayableCents = 1,
            BookedAt = TimeProvider.System.GetUtcNow(),
        });
        await service.Broker.Next<SecondOpinion.Contracts.Billing.OpinionBooked>();

        service.Broker.Heard<PhysicianAdmitted>().Count.ShouldBe(350);
    }

    [Fact]
    public async Task Ties_are_declared_by_the_referent_or_the_council_and_reach_matching_as_pseudonyms()
    {
        var (rpps, colleague, former) = (Rpps.Parse("99000010209"), Rpps.WithKey("9900009801"), Rpps.WithKey("9900009802"));
        object Ties(Rpps tied) => new { physicians = new[] { tied.Value }, establishments = new[] { "189999998" } };

        (await PhysicianService.Put(physician.As(rpps), "/worklist/ties", Ties(colleague), null)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await PhysicianService.Put(physician.As(Roles.Ops), $"/physicians/{rpps.PhysicianId}/ties", Ties(former), null)).StatusCode
            .ShouldBe(HttpStatusCode.Forbidden);
        (await PhysicianService.Put(physician.As(Roles.Council), $"/physicians/{rpps.PhysicianId}/ties", Ties(former), null)).StatusCode
            .ShouldBe(HttpStatusCode.OK);
        (await PhysicianService.Put(physician.As(rpps), "/worklist/ties", new { physicians = new[] { "99000010018" }, establishments = Array.Empty<string>() },
            null)).StatusCode.ShouldBe(HttpStatusCode.BadRequest, "a number whose key fails would exclude a stranger");

        await physician.Broker.Next<PhysicianAdmitted>(a => a.PhysicianId == rpps.PhysicianId && a.TiedPhysicians!.SequenceEqual([colleague.PhysicianId]));
        var told = await physician.Broker.Next<PhysicianAdmitted>(
            a => a.PhysicianId == rpps.PhysicianId && a.TiedPhysicians!.SequenceEqual([former.PhysicianId]));
        told.TiedEstablishments.ShouldBe(["189999998"]);
        JsonSerializer.Serialize(told).ShouldNotContain(former.Value);
    }

    [Fact]
    public async Task Every_fault_of_an_admission_is_named()
    {
        var answer = await PhysicianService.Post(physician.As(Roles.Council), "/physicians/applications", new
        {
            rpps = "99000010018",
            displayName = " ",
            specialtyCode = "X",
            pathologyCodes = new[] { "Endo" },
            establishments = new[] { "189999999" },
            capacity = -1,
            evidence = " ",
        });

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString())
            .ShouldBe(
                ["#/rpps", "#/displayName", "#/specialtyCode", "#/pathologyCodes/0", "#/establishments/0", "#/capacity", "#/evidence"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_referent_changes_the_own_availability_and_matching_is_told()
    {
        var rpps = Rpps.Parse("99000010209");
        var http = physician.As(rpps);
        var tag = (await http.GetAsync("/api/v1/worklist/availability")).Headers.ETag!.Tag;
        var until = TimeProvider.System.GetUtcNow().AddDays(10);

        (await PhysicianService.Put(http, "/worklist/availability", new { capacity = 2, awayUntil = until }, null)).StatusCode
            .ShouldBe(HttpStatusCode.PreconditionRequired);
        (await PhysicianService.Put(http, "/worklist/availability", new { capacity = 2, awayUntil = until.ToOffset(TimeSpan.FromHours(2)) }, tag)).StatusCode
            .ShouldBe(HttpStatusCode.OK);
        (await PhysicianService.Put(http, "/worklist/availability", new { capacity = 2, awayUntil = until }, tag)).StatusCode
            .ShouldBe(HttpStatusCode.PreconditionFailed);

        var changed = await physician.Broker.Next<AvailabilityChanged>(c => c.PhysicianId == rpps.PhysicianId);
        (changed.Capacity, changed.AwayUntil).ShouldBe((2, until));
    }

    [Fact]
    public async Task A_week_s_limit_and_leave_are_kept_told_and_not_lost_by_a_suspension()
    {
        var rpps = Rpps.Parse(LoadSamplePhysicians.Samples()[100].Rpps);
        var http = physician.As(rpps);
        var today = FrenchTime.Day(TimeProvider.System.GetUtcNow());
        string Iso(int days) => today.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        async Task<HttpResponseMessage> Change(object leaves) => await PhysicianService.Put(
            http, "/worklist/availability", new { capacity = 4, awayUntil = (DateTimeOffset?)null, weeklyCapacity = 3, leaves },
            (await http.GetAsync("/api/v1/worklist/availability")).Headers.ETag!.Tag);

        var faulty = await (await Change(new[] { new { from = Iso(9), until = Iso(5) } })).Content.ReadFromJsonAsync<JsonElement>();
        faulty.GetProperty("errors")[0].GetProperty("pointer").GetString().ShouldBe("#/leaves/0");

        // What is over is forgotten, the rest is in order.
        (await Change(new[] { new { from = Iso(30), until = Iso(40) }, new { from = Iso(-9), until = Iso(-5) }, new { from = Iso(5), until = Iso(9) } }))
            .EnsureSuccessStatusCode();
        string[] kept = [$"{Iso(5)}/{Iso(9)}", $"{Iso(30)}/{Iso(40)}"];
        var changed = await physician.Broker.Next<AvailabilityChanged>(c => c.PhysicianId == rpps.PhysicianId);
        changed.Leaves.ShouldBe(kept);
        (changed.WeeklyCapacity, changed.Capacity).ShouldBe((3, 4));
        (await http.GetFromJsonAsync<JsonElement>("/api/v1/worklist/availability")).GetProperty("leaves")[0].GetProperty("until").GetString().ShouldBe(Iso(9));

        (await PhysicianService.Put(physician.As(Roles.Council), $"/physicians/{rpps.PhysicianId}/suspension", new { suspended = true }, null))
            .EnsureSuccessStatusCode();
        var suspended = await physician.Broker.Next<AvailabilityChanged>(c => c.PhysicianId == rpps.PhysicianId && c.Suspended == true);
        suspended.Leaves.ShouldBe(kept);
        (suspended.WeeklyCapacity, suspended.Capacity).ShouldBe((3, 0));
        (await PhysicianService.Put(physician.As(Roles.Council), $"/physicians/{rpps.PhysicianId}/suspension", new { suspended = false }, null))
            .EnsureSuccessStatusCode();
    }

    [Fact]
    public async Task The_council_changes_a_profile_and_matching_learns_levels_languages_and_ages()
    {
        var rpps = Rpps.Parse(LoadSamplePhysicians.Samples().First(s => s.PathologyCodes.Length > 2 && s.ReferencePathologies.Length == 0).Rpps);
        var path = $"/physicians/{rpps.PhysicianId}/profile";
        var council = physician.As(Roles.Council);
        foreach (var role in Roles.All.Except([Roles.Council, Roles.Ops]))
        {
            (await physician.As(role).GetAsync($"/api/v1{path}")).StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
        }

        var read = await council.GetAsync($"/api/v1{path}");
        var profile = JsonNode.Parse(await read.Content.ReadAsStringAsync())!.AsObject();
        var tag = read.Headers.ETag!.Tag;
        var own = profile["pathologyCodes"]!.AsArray().Select(p => (string)p!).ToArray();

        profile["referencePathologies"] = new JsonArray("endometriose", own[0]);
        profile["occasionalPathologies"] = new JsonArray(own[0]);
        profile["languages"] = new JsonArray("fr", "xx");
        profile["patients"] = "everybody";
        (await (await PhysicianService.Put(council, path, profile, tag)).Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").EnumerateArray()
            .Select(e => e.GetProperty("pointer").GetString()).ShouldBe(
                ["#/referencePathologies/0", "#/referencePathologies/1", "#/occasionalPathologies/0", "#/languages/1", "#/patients"], ignoreOrder: true);

        profile["referencePathologies"] = new JsonArray(own[1]);
        profile["languages"] = new JsonArray("fr", "fsl");
        profile["patients"] = "children";
        (await PhysicianService.Put(council, path, profile, tag)).EnsureSuccessStatusCode();
        (await PhysicianService.Put(council, path, profile, tag)).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PhysicianService.Put(physician.As(Roles.Ops), path, profile, tag)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var told = await physician.Broker.Next<PhysicianAdmitted>(c => c.PhysicianId == rpps.PhysicianId && c.Patients == "children");
        told.Languages.ShouldBe(["fr", "fsl"]);
        (told.ReferencePathologies!.Single(), told.OccasionalPathologies!.Single()).ShouldBe((own[1], own[0]));
        var listed = await physician.As(Roles.Ops).GetFromJsonAsync<JsonElement>($"/api/v1/physicians?pathology={own[1]}");
        listed.GetProperty("items").EnumerateArray().Single(p => p.GetProperty("physicianId").GetGuid() == rpps.PhysicianId)
            .GetProperty("patients").GetString().ShouldBe("children");
    }

    [Fact]
    public async Task A_physician_who_is_not_admitted_has_no_availability()
    {
        (await PhysicianService.Code(await physician.As(Rpps.WithKey("9900009999")).GetAsync("/api/v1/worklist/availability"))).ShouldBe("PHY-0007");
    }

    [Fact]
    public async Task Matching_reads_the_whole_roster_over_grpc()
    {
        using var channel = physician.Service.Grpc(TestTokens.Service("matching"));
        using var call = new Roster.RosterClient(channel).List(new ListRosterRequest(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(10));
        var profiles = await call.ResponseStream.ReadAllAsync().ToListAsync();

        profiles.Count.ShouldBeGreaterThanOrEqualTo(20);
        var alix = profiles.Single(p => p.PhysicianId == physician.Alix.PhysicianId.ToString());
        alix.PathologyCodes.ShouldContain("endometriose");
        alix.Capacity.ShouldBe(40);
    }

    [Fact]
    public async Task Without_its_key_the_service_does_not_start_and_says_what_to_set()
    {
        var refused = await Should.ThrowAsync<InvalidOperationException>(() => ServiceUnderTest<Program>.Start("physician"));

        refused.Message.ShouldContain("Encryption:CurrentKey");
        refused.Message.ShouldContain("openssl rand -base64 32");
    }

    private static List<string> Column(string file) =>
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "catalogue", file)).Skip(1).Select(line => line.Split(';')[0])];
}
