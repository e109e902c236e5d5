using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>Nothing opens by accident.</summary>
public sealed class AccessTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private const string Thing = "/api/v1/things/00000000-0000-7000-8000-000000000001";
    private static readonly Dictionary<string, object> Patient = new() { ["role"] = "patient", ["sub"] = "00000000-0000-7000-8000-000000000009" };
    private readonly ServiceUnderTest<Program> _probe = fixture.Probe;

    public static TheoryDataRow<string, string, string>[] BadTokens()
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var issuer = TestTokens.Issuer;
        var good = issuer.Token(Patient);
        var parts = good.Split('.');
        var foreign = new RsaSecurityKey(RSA.Create(2048)) { KeyId = "foreign" };
        var known = Header(good)["kid"]!.GetValue<string>();
        var posing = new RsaSecurityKey(RSA.Create(2048)) { KeyId = known };
        // The public key as it is published, used as a secret: what a careless verifier takes for HS256.
        var published = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(issuer.PublicKey)) { KeyId = known };
        return
        [
            new("", "REQ-0003", "empty"),
            new("not-a-token", "REQ-0003", "no token at all"),
            new("a.b.c", "REQ-0003", "three parts of nothing"),
            new($"{Base64Url("{\"alg\":\"none\",\"typ\":\"at+jwt\"}")}.{parts[1]}.", "REQ-0003", "alg none"),
            new($"{Base64Url($"{{\"alg\":\"None\",\"typ\":\"at+jwt\",\"kid\":\"{known}\"}}")}.{parts[1]}.", "REQ-0003", "alg None with a known key"),
            new($"{parts[0]}.{Base64Url("{\"role\":\"ops\",\"sub\":\"x\"}")}.{parts[2]}", "REQ-0003", "payload exchanged"),
            new(good + "x", "REQ-0003", "signature altered"),
            new($"{good}.{parts[2]}", "REQ-0003", "a part too many"),
            new($"{parts[0]}.{parts[1]}", "REQ-0003", "a part too few"),
            new(Made(d => d.SigningCredentials = new(foreign, SecurityAlgorithms.RsaSha256)), "REQ-0003", "foreign key"),
            new(Made(d => d.SigningCredentials = new(posing, SecurityAlgorithms.RsaSha256)), "REQ-0003", "foreign key under a known number"),
            new(Made(d => d.SigningCredentials = new(published, SecurityAlgorithms.HmacSha256)), "REQ-0003", "HS256 with the published key"),
            new(Made(d => d.SigningCredentials = new(new RsaSecurityKey(RSA.Create(2048)) { KeyId = "../../dev/null" }, SecurityAlgorithms.RsaSha256)),
                "REQ-0003", "kid that is a path"),
            new(Made(d => d.SigningCredentials = new(new RsaSecurityKey(RSA.Create(2048)) { KeyId = new string('k', 10_000) }, SecurityAlgorithms.RsaSha256)),
                "REQ-0003", "kid of 10 kB"),
            new(Made(d => d.AdditionalHeaderClaims = new Dictionary<string, object> { ["crit"] = new[] { "x" }, ["x"] = true }), "REQ-0003",
                "an extension that must be understood"),
            new(Made(d => d.TokenType = "JWT"), "REQ-0003", "an id token"),
            new(Made(d => d.TokenType = "logout+jwt"), "REQ-0003", "a logout token"),
            new(Made(d => Audience(d, "another-audience")), "TOK-0002", "other audience"),
            new(Made(d => Audience(d, "Probe")), "TOK-0002", "audience in other letters"),
            new(Made(d => d.Audiences.Clear()), "TOK-0002", "no audience"),
            new(Made(d => d.Issuer = issuer.Address.AbsoluteUri + "/"), "REQ-0003", "issuer with a slash more"),
            new(Made(d => d.Issuer = "http://issuer.example/"), "REQ-0003", "other issuer"),
            new(Made(d => (d.IssuedAt, d.NotBefore, d.Expires) = (now.AddMinutes(-9), now.AddMinutes(-9), now.AddMinutes(-2))), "TOK-0001", "expired"),
            new(Made(d => d.Expires = null), "REQ-0003", "without expiry"),
            new(Made(d => d.Expires = now.AddYears(10)), "TOK-0006", "for ten years"),
            new(Made(d => d.NotBefore = now.AddMinutes(5)), "REQ-0003", "not yet"),
            new(Made(d => d.IssuedAt = null), "REQ-0003", "issued nobody knows when"),
            new(issuer.Token(new Dictionary<string, object> { ["role"] = "patient" }), "REQ-0003", "without a subject"),
            new($"{parts[0]}.{Base64Url(new string('x', 20_000))}.{parts[2]}", "REQ-0003", "20 kB"),
        ];

        string Made(Action<SecurityTokenDescriptor> change) => issuer.Token(Patient, change);
    }

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_token_that_is_not_ours_and_valid_now_opens_nothing(string token, string code, string why)
    {
        using var answer = await Ask(token);
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, why);
        answer.Content.Headers.ContentType.ShouldBe(new MediaTypeHeaderValue("application/problem+json"));
        (await answer.Code()).ShouldBe(code, why);
    }

    [Fact]
    public async Task Headers_that_offer_a_key_are_not_followed()
    {
        var asked = TestTokens.Issuer.AskedForKeys;
        var watch = Stopwatch.StartNew();
        using var elsewhere = RSA.Create(2048);
        foreach (var header in (string[])["jku", "x5u", "jwk", "x5c"])
        {
            using var answer = await Ask(TestTokens.Issuer.Token(Patient, d =>
            {
                d.SigningCredentials = new(new RsaSecurityKey(elsewhere) { KeyId = "offered" }, SecurityAlgorithms.RsaSha256);
                d.AdditionalHeaderClaims = new Dictionary<string, object> { [header] = "http://127.0.0.1:1/keys" };
            }));
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, header);
        }

        // Two more: hosts of other tests, which start meanwhile, ask the same issuer.
        var tens = (int)watch.Elapsed.TotalSeconds / 10 + 1;
        (TestTokens.Issuer.AskedForKeys - asked).ShouldBeLessThanOrEqualTo(tens + 2, "unknown keys make the issuer be asked once in ten seconds");
    }

    [Theory]
    [InlineData("realm_access", """{"roles":["offline_access","uma_authorization","patient"]}""")]
    [InlineData("resource_access", """{"account":{"roles":["ops"]},"probe":{"roles":["patient"]}}""")]
    [InlineData("role", """["patient","default-roles-realm"]""")]
    public async Task The_role_is_found_where_the_issuer_puts_it(string claim, string value)
    {
        using var answer = await Ask(TestTokens.Issuer.Token(new Dictionary<string, object> { ["sub"] = "x", [claim] = JsonElement.Parse(value) }));
        answer.StatusCode.ShouldNotBe(HttpStatusCode.Unauthorized);
        answer.StatusCode.ShouldNotBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("role", """[]""", "TOK-0003")]
    [InlineData("other", "1", "TOK-0003")]
    [InlineData("realm_access", "1", "TOK-0003")]
    [InlineData("resource_access", """{"account":{"roles":["patient"]}}""", "TOK-0003")]
    [InlineData("role", "\"Patient\"", "TOK-0004")]
    [InlineData("role", """["patient","ops"]""", "TOK-0004")]
    [InlineData("realm_access", """{"roles":["offline_access"]}""", "TOK-0004")]
    public async Task A_token_without_one_known_role_says_so(string claim, string value, string code)
    {
        using var answer = await Ask(TestTokens.Issuer.Token(new Dictionary<string, object> { ["sub"] = "x", [claim] = JsonElement.Parse(value) }));
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await answer.Code()).ShouldBe(code);
    }

    [Fact]
    public async Task A_token_found_good_a_moment_ago_is_recognised_whole_and_in_no_other_spelling()
    {
        var good = TestTokens.Patient(Guid.CreateVersion7());
        var parts = good.Split('.');
        for (var i = 0; i < 2; i++)
        {
            (await Status($"Bearer {good}")).ShouldNotBe(HttpStatusCode.Unauthorized);
            (await Status($"Bearer {good}x")).ShouldBe(HttpStatusCode.Unauthorized);
            (await Status($"Bearer {parts[0]}.{parts[1]}.")).ShouldBe(HttpStatusCode.Unauthorized);
            (await Status($"Basic {good}")).ShouldBe(HttpStatusCode.Unauthorized);
            (await Status(good)).ShouldBe(HttpStatusCode.Unauthorized);
        }

        async Task<HttpStatusCode> Status(string authorization)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Thing);
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
            using var answer = await _probe.Http().SendAsync(request, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_role_that_is_not_named_is_refused_and_so_is_everybody_where_no_role_is_named()
    {
        foreach (var role in Roles.All.Where(r => r != Roles.Patient))
        {
            using var answer = await _probe.Http(TestTokens.Of(role)).GetAsync(Thing, TestContext.Current.CancellationToken);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
            (await answer.Code()).ShouldBe("REQ-0004");
        }

        foreach (var role in Roles.All)
        {
            using var answer = await _probe.Http(TestTokens.Of(role)).GetAsync("/api/v1/forgotten", TestContext.Current.CancellationToken);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
        }
    }

    private Task<HttpResponseMessage> Ask(string token)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Thing);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        return _probe.Http().SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static void Audience(SecurityTokenDescriptor descriptor, string audience)
    {
        descriptor.Audiences.Clear();
        descriptor.Audiences.Add(audience);
    }

    private static JsonObject Header(string token) => JsonNode.Parse(Base64UrlEncoder.Decode(token.Split('.')[0]))!.AsObject();

    private static string Base64Url(string text) => Base64UrlEncoder.Encode(text);
}
