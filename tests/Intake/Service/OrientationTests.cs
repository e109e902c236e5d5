using System.Net;
using System.Text;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>What anybody may ask before having an account: the screen, pages, figures, structures, letters, search. Nothing of it is kept.</summary>
public sealed class OrientationTests(IntakeFixture intake) : IClassFixture<IntakeFixture>
{
    private Journey Anybody => new(intake, intake.Service.Http());

    [Fact]
    public async Task Pages_about_nobody_may_be_kept_and_are_not_sent_again_unchanged()
    {
        var http = intake.Service.Http();
        foreach (var path in (string[])["emergency-screen", "pages", "structures", "delays", "costs"])
        {
            var page = await http.GetAsync($"/api/v1/orientation/{path}");
            page.Headers.CacheControl!.ToString().ShouldBe("public, max-age=300", path);
            using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/orientation/{path}") { Headers = { IfNoneMatch = { page.Headers.ETag! } } };
            (await http.SendAsync(again)).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotModified, path);
        }

        (await http.GetAsync("/api/v1/orientation/pages/none")).Headers.CacheControl?.Public.ShouldNotBe(true);
    }

    [Fact]
    public async Task The_emergency_screen_comes_first_and_needs_no_account()
    {
        var screen = await Anybody.Get("/api/v1/orientation/emergency-screen");

        screen.GetProperty("signs").GetArrayLength().ShouldBeGreaterThanOrEqualTo(10);
        var pages = screen.GetProperty("pages").ToString();
        foreach (var number in (string[])["15", "112", "114", "3114"])
        {
            pages.ShouldContain(number);
        }
    }

    [Fact]
    public async Task Somebody_in_danger_gets_the_number_and_nobody_else_is_stopped()
    {
        var danger = await Journey.Json(await Anybody.Post("/api/v1/orientation/emergency-screen",
            new { signs = (string[])[], suicidalThoughts = true, hospitalised = false, diagnosisKnown = true, urgent = false }));
        var calm = await Journey.Json(await Anybody.Post("/api/v1/orientation/emergency-screen",
            new { signs = (string[])[], suicidalThoughts = false, hospitalised = false, diagnosisKnown = true, urgent = false }));

        danger.GetProperty("mayContinue").GetBoolean().ShouldBeFalse();
        danger.GetProperty("door").GetProperty("call")[0].GetString().ShouldBe("3114");
        danger.GetProperty("pages")[0].GetProperty("simplified").GetProperty("label").GetString().ShouldBe("version simplifiée");
        calm.GetProperty("mayContinue").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task Pages_are_listed_by_kind_and_read_with_their_sources()
    {
        var guide = await Anybody.Get("/api/v1/orientation/pages?kind=guide");
        var page = await Anybody.Get("/api/v1/orientation/pages/access-to-file-l1111-7");

        guide.GetProperty("items").GetArrayLength().ShouldBe(4);
        page.GetProperty("html").GetString()!.ShouldContain("<table>");
        page.GetProperty("simplified").GetProperty("html").GetString()!.ShouldContain("<br", customMessage: "one sentence a line, on the screen too");
        page.GetProperty("sources").GetArrayLength().ShouldBePositive();
        page.GetProperty("conflicts").GetArrayLength().ShouldBePositive();
        (await Journey.Problem(await Anybody.Http.GetAsync("/api/v1/orientation/pages?kind=jokes"))).ShouldBe((400, "REQ-0002", "#/kind unknown_code"));
        (await Journey.Problem(await Anybody.Http.GetAsync("/api/v1/orientation/pages/nothing"))).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Costs_and_delays_show_what_contradicts_them()
    {
        var costs = await Anybody.Get("/api/v1/orientation/costs?channel=online");
        var delays = await Anybody.Get("/api/v1/orientation/delays");

        var price = costs.GetProperty("items").EnumerateArray().Single(i => i.GetProperty("id").GetString() == "online_list_price");
        price.GetProperty("contradictedBy")[0].GetProperty("value").GetString().ShouldBe("0");
        delays.GetProperty("items").EnumerateArray()
            .ShouldAllBe(i => i.GetProperty("source").GetString()!.Length > 0 && i.GetProperty("date").GetString()!.Length > 0);
    }

    [Fact]
    public async Task Structures_say_how_to_reach_them_and_that_no_letter_is_required()
    {
        var all = await Anybody.Get("/api/v1/orientation/structures");
        var rhone = await Anybody.Get("/api/v1/orientation/structures?department=69");

        all.GetProperty("items").GetArrayLength().ShouldBe(5);
        all.GetProperty("items").EnumerateArray()
            .ShouldAllBe(s => !s.GetProperty("letterLegallyRequired").GetBoolean() && s.GetProperty("accessModes").GetArrayLength() > 0);
        all.GetProperty("items").EnumerateArray().Single(s => s.GetProperty("id").GetString() == "gustave-roussy").GetProperty("letterAdvised")
            .GetBoolean().ShouldBeTrue();
        rhone.GetProperty("cancerCentres").EnumerateArray().ShouldAllBe(c => c.GetProperty("departmentName").GetString() == "Rhône");
        rhone.GetProperty("cancerCentres").GetArrayLength().ShouldBePositive();
    }

    [Theory]
    [InlineData("endometriose", "online")]
    [InlineData("sarcome-de-l-uterus", "in_person")]
    public async Task Online_or_in_person_is_advised_with_the_reason(string pathology, string channel)
    {
        var advice = await Journey.Json(await Anybody.Post("/api/v1/orientation/advice", new { pathology }));

        advice.GetProperty("channel").GetString().ShouldBe(channel);
        advice.GetProperty("reason").GetString()!.Length.ShouldBeGreaterThan(20);
        advice.GetProperty("structures").GetArrayLength().ShouldBePositive();
    }

    [Fact]
    public async Task Search_answers_as_one_types()
    {
        var hits = await Journey.Json(await Anybody.Post("/api/v1/pathologies/search", new { q = "endometri", limit = 5 }));
        var pathology = await Journey.Json(await Anybody.Post("/api/v1/pathologies/read", new { code = "endometriose" }));
        var questionnaire = await Journey.Json(
            await Anybody.Post("/api/v1/questionnaires/read", new { code = pathology.GetProperty("questionnaire").GetString() }));
        var fhir = await Anybody.Post("/api/v1/questionnaires/read-fhir", new { code = "spine" });

        hits.GetProperty("items")[0].GetProperty("code").GetString().ShouldBe("endometriose");
        pathology.GetProperty("specialty").GetProperty("code").GetString().ShouldBe("SM20");
        pathology.GetProperty("documents").GetArrayLength().ShouldBePositive();
        questionnaire.GetProperty("questions").GetArrayLength().ShouldBePositive();
        fhir.Content.Headers.ContentType!.MediaType.ShouldBe("application/fhir+json");
        (await Journey.Problem(await Anybody.Post("/api/v1/pathologies/search", new { q = "x", limit = 1000 })))
            .ShouldBe((400, "REQ-0002", "#/limit out_of_range"));
        // What one looks for is one's disease: no address may hold it, since others log addresses.
        foreach (var address in (string[])["/api/v1/pathologies?q=endometriose", "/api/v1/orientation/advice?pathology=endometriose"])
        {
            ((int)(await Anybody.Http.GetAsync(address)).StatusCode).ShouldBeOneOf(404, 405);
        }
    }

    [Fact]
    public async Task File_deadlines_are_computed_for_a_file_old_in_part()
    {
        var answer = await Journey.Json(await Anybody.Post("/api/v1/orientation/file-request-deadlines", new
        {
            receivedOn = "2026-12-31",
            holder = "publicHospital",
            items = new object[] { new { name = "IRM", madeOn = "2026-09-28" }, new { name = "Compte rendu opératoire", madeOn = "2005-03-01" } },
        }));

        answer.GetProperty("earliestOn").GetString().ShouldBe("2027-01-02");
        answer.GetProperty("recentDueOn").GetString().ShouldBe("2027-01-08");
        answer.GetProperty("olderDueOn").GetString().ShouldBe("2027-02-28");
        (await Journey.Problem(await Anybody.Post("/api/v1/orientation/file-request-deadlines", new
        {
            receivedOn = "2026-12-31",
            holder = "publicHospital",
            items = new object[] { new { name = "IRM", madeOn = "2027-09-28" } },
        }))).ShouldBe((400, "REQ-0002", "#/items/0/madeOn impossible_date"));
    }

    [Fact]
    public async Task A_reminder_computes_its_dates_and_comes_as_text_and_pdf()
    {
        var request = new
        {
            values = new Dictionary<string, string>
            {
                ["senderName"] = "Camille EXEMPLE",
                ["senderAddress"] = "3 rue du Modèle, 18100 Vierzon",
                ["recipientName"] = "Clinique Fictive des Tilleuls",
                ["place"] = "Vierzon",
                ["letterDate"] = "13 novembre 2026",
                ["patientName"] = "EXEMPLE Camille Jeanne",
                ["patientBirthDate"] = "17 avril 1989",
                ["originalRequestDate"] = "2 novembre 2026",
                ["missingItems"] = "les images de l’IRM",
                ["deliveryMode"] = "par voie électronique sécurisée",
            },
            fileRequest = new { receivedOn = "2026-11-04", holder = "privateHospital", items = new object[] { new { name = "IRM", madeOn = "2026-09-28" } } },
        };

        var text = await Anybody.Post("/api/v1/orientation/letters/file-request-reminder?format=text", request);
        var pdf = await Anybody.Post("/api/v1/orientation/letters/file-request-reminder", request);

        var letter = Encoding.UTF8.GetString(await text.Content.ReadAsByteArrayAsync());
        letter.ShouldContain("Vous avez reçu cette demande le 4 novembre 2026.");
        letter.ShouldContain("est arrivé à son terme le 12 novembre 2026");
        letter.ShouldNotContain("deux mois");
        letter.ShouldContain("la commission des usagers de l’établissement");
        letter.ShouldStartWith("Camille EXEMPLE\n3 rue du Modèle\n18100 Vierzon\n");
        pdf.Content.Headers.ContentType!.MediaType.ShouldBe("application/pdf");
        pdf.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await pdf.Content.ReadAsByteArrayAsync()).AsSpan().StartsWith("%PDF"u8).ShouldBeTrue();
        (await Anybody.Post("/api/v1/orientation/letters/love-letter", request)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }
}
