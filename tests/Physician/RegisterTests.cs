using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician;

/// <summary>The national register decides whether a number is that of the physician who is admitted, over FHIR and as a file alike.</summary>
public sealed class RegisterTests : IAsyncLifetime
{
    /// <summary>Its key fails: numbers in the register do.</summary>
    private const string Known = "99000050018";

    private static readonly string Nurse = Rpps.WithKey("9900005002").Value;
    private static readonly string Retired = Rpps.WithKey("9900005003").Value;

    private readonly List<string> _asked = [];
    private readonly string _folder = Directory.CreateTempSubdirectory("register-").FullName;
    private WebApplication _annuaire = null!;
    private bool _isAway;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _annuaire = builder.Build();
        _annuaire.MapPost("/fhir/v2/Practitioner/_search", async (HttpContext http) =>
        {
            if (_isAway)
            {
                return Results.StatusCode(503);
            }

            http.Request.Headers["ESANTE-API-KEY"].ToString().ShouldBe("test");
            http.Request.QueryString.ToString().ShouldNotContain("99000");
            var identifier = (await http.Request.ReadFormAsync())["identifier"].ToString();
            _asked.Add(identifier);
            var rpps = identifier.Split('|')[1];
            object[] entries = rpps == Known ? [Practitioner(rpps, "EXEMPLE-LOIRE", true, "10", "SM20", "SM35")]
                : rpps == Nurse ? [Practitioner(rpps, "EXEMPLE-LOIRE", true, "60")]
                : rpps == Retired ? [Practitioner(rpps, "EXEMPLE-LOIRE", false, "10", "SM20")]
                : [];
            return Results.Json(
                new { resourceType = "Bundle", type = "searchset", total = entries.Length, entry = entries.Select(e => new { resource = e }) },
                contentType: "application/fhir+json");
        });
        await _annuaire.StartAsync();
        // The columns of the register's extraction that are read, among others.
        await File.WriteAllTextAsync(Path.Combine(_folder, "register.txt"),
            $"""
            Type d'identifiant PP|Identifiant PP|Nom de famille|Date de naissance|Code profession|Nom d'exercice|Code type savoir-faire|Code savoir-faire|
            8|{Known}|FICTIF-MARNE|01/01/1970|10|EXEMPLE-LOIRE|S|SM20|
            8|{Known}|FICTIF-MARNE|01/01/1970|10|EXEMPLE-LOIRE|S|SM35|
            8|{Nurse}|EXEMPLE-LOIRE|01/01/1980|60|EXEMPLE-LOIRE|||
            0|{Retired}|EXEMPLE-LOIRE|01/01/1950|10|EXEMPLE-LOIRE|S|SM20|

            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _annuaire.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("fhir")]
    [InlineData("file")]
    public async Task Only_a_physician_whom_the_register_knows_by_number_name_and_specialty_is_admitted(string register)
    {
        await using var service = await Start(register);
        var council = service.Http(TestTokens.Of(Roles.Council));

        (await Faults(council, Rpps.WithKey("9900005004").Value)).ShouldBe(["#/rpps not_in_register"], "its key holds, and it is nobody's");
        (await Faults(council, Nurse)).ShouldBe(["#/rpps not_a_physician", "#/specialtyCode not_in_register"]);
        (await Faults(council, Retired)).ShouldBe([register == "fhir" ? "#/rpps not_in_practice" : "#/rpps not_in_register"]);
        (await Faults(council, Known, "Dr Alix EXEMPLE-DURANCE")).ShouldBe(["#/displayName not_in_register"]);
        (await Faults(council, Known, specialty: "SM26")).ShouldBe(["#/specialtyCode not_in_register"]);
        (await Faults(council, Known, "Dr Alix EXEMPLE-DURANCE", found: true)).ShouldBe(["#/displayName not_in_register"], "the register answers: it decides");

        var admitted = await Admit(council, Known, "Pr Noé Exemple Loire");

        admitted.StatusCode.ShouldBe(HttpStatusCode.Created, await admitted.Content.ReadAsStringAsync());
        (await admitted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("registerCheckedAt").ValueKind.ShouldBe(JsonValueKind.String);
        if (register == "fhir")
        {
            _asked.ShouldAllBe(identifier => identifier.StartsWith("https://rpps.esante.gouv.fr|"));
        }
    }

    [Fact]
    public async Task While_the_register_is_away_the_council_says_that_it_looked_itself_or_waits()
    {
        await using var service = await Start("fhir");
        var council = service.Http(TestTokens.Of(Roles.Council));
        _isAway = true;

        var waits = await Admit(council, Known, "Dr Noé EXEMPLE-LOIRE");
        var looked = await Admit(council, Known, "Dr Noé EXEMPLE-LOIRE", found: true);

        (waits.StatusCode, await PhysicianService.Code(waits)).ShouldBe((HttpStatusCode.ServiceUnavailable, "PHY-0009"));
        waits.Headers.RetryAfter.ShouldNotBeNull();
        looked.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await looked.Content.ReadFromJsonAsync<JsonElement>()).TryGetProperty("registerCheckedAt", out var at).ShouldBe(at.ValueKind == JsonValueKind.Null);
    }

    [Fact]
    public async Task Without_a_register_the_key_is_a_warning_that_the_council_can_answer()
    {
        await using var service = await Start("none");
        var council = service.Http(TestTokens.Of(Roles.Council));

        (await Faults(council, Known)).ShouldBe(["#/rpps invalid_rpps"]);
        (await Admit(council, Known, "Dr Noé EXEMPLE-LOIRE", found: true)).StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    private Task<ServiceUnderTest<Program>> Start(string register)
    {
        var settings = new Dictionary<string, string?>(PhysicianService.Keys);
        switch (register)
        {
            case "fhir":
                settings["Register:Address"] = $"{_annuaire.Urls.First()}/fhir/v2";
                settings["Register:ApiKey"] = "test";
                break;
            case "file":
                settings["Register:File"] = Path.Combine(_folder, "register.txt");
                break;
        }

        return ServiceUnderTest<Program>.Start("physician", settings);
    }

    private static object Practitioner(string rpps, string family, bool active, string profession, params string[] specialties) => new
    {
        resourceType = "Practitioner",
        id = $"p-{rpps}",
        identifier = new[] { new { system = "https://rpps.esante.gouv.fr", value = rpps } },
        active,
        name = new[] { new { family, given = new[] { "Noé" } } },
        qualification = specialties.Select(s => Coding("TRE_R38-SpecialiteOrdinale", s)).Prepend(Coding("TRE_G15-ProfessionSante", profession)),
    };

    private static object Coding(string table, string code) =>
        new { code = new { coding = new[] { new { system = $"https://mos.esante.gouv.fr/NOS/{table}/FHIR/{table}", code } } } };

    private static Task<HttpResponseMessage> Admit(HttpClient council, string rpps, string name, string specialty = "SM20", bool? found = null) =>
        PhysicianService.Post(council, "/physicians/applications", new
        {
            rpps,
            displayName = name,
            specialtyCode = specialty,
            pathologyCodes = new[] { "endometriose" },
            establishments = new[] { "759999907" },
            capacity = 1,
            foundInRegister = found,
            evidence = "Centre de référence.",
        });

    private static async Task<string[]> Faults(
        HttpClient council, string rpps, string name = "Dr Noé EXEMPLE-LOIRE", string specialty = "SM20", bool? found = null)
    {
        var answer = await Admit(council, rpps, name, specialty, found);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return [.. problem.GetProperty("errors").EnumerateArray().Select(e => $"{e.GetProperty("pointer").GetString()} {e.GetProperty("code").GetString()}")];
    }
}
