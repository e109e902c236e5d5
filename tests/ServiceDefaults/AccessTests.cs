using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.ServiceDefaults;

/// <summary>Nothing opens by accident.</summary>
public sealed class AccessTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private const string Thing = "/api/v1/things/00000000-0000-7000-8000-000000000001";
    private readonly ServiceUnderTest<Program> _probe = fixture.Probe;

    public static TheoryDataRow<string, string>[] BadTokens()
    {
        var now = TimeProvider.System.GetUtcNow();
        var good = TestTokens.Patient(Guid.CreateVersion7());
        var parts = good.Split('.');
        return
        [
            new("", "empty"),
            new("not-a-token", "no token at all"),
            new($"{Base64Url("{\"alg\":\"none\",\"typ\":\"JWT\"}")}.{parts[1]}.", "alg none"),
            new($"{parts[0]}.{Base64Url("{\"role\":\"ops\",\"sub\":\"x\"}")}.{parts[2]}", "payload exchanged"),
            new(good + "x", "signature altered"),
            new(Signed("a key nobody ever configured here", "secondopinion-tests", "secondopinion", now.AddHours(1)), "foreign key"),
            new(Signed(null, "secondopinion-tests", "another-audience", now.AddHours(1)), "other audience"),
            new(Signed(null, "secondopinion-tests/", "secondopinion", now.AddHours(1)), "issuer with a slash more"),
            new(Signed(null, "secondopinion-tests", "secondopinion", now.AddMinutes(-2)), "expired"),
            new(Signed(null, "secondopinion-tests", "secondopinion", null), "without expiry"),
        ];
    }

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_token_that_is_not_ours_and_valid_now_opens_nothing(string token, string why)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Thing);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using var answer = await _probe.Http().SendAsync(request, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, why);
        answer.Content.Headers.ContentType.ShouldBe(new MediaTypeHeaderValue("application/problem+json"));
        (await answer.Code()).ShouldBe("REQ-0003");
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
        foreach (var role in Access.Roles.Where(r => r != Access.Patient))
        {
            using var answer = await _probe.Http(TestTokens.Of(role)).GetAsync(Thing, TestContext.Current.CancellationToken);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
            (await answer.Code()).ShouldBe("REQ-0004");
        }

        foreach (var role in Access.Roles)
        {
            using var answer = await _probe.Http(TestTokens.Of(role)).GetAsync("/api/v1/forgotten", TestContext.Current.CancellationToken);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden, role);
        }
    }

    private static string Signed(string? key, string issuer, string audience, DateTimeOffset? expires)
    {
        var bytes = key is null
            ? Convert.FromBase64String(TestTokens.Settings["Authentication:Schemes:Bearer:SigningKeys:0:Value"]!)
            : Encoding.UTF8.GetBytes(key);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            Expires = expires?.UtcDateTime,
            Claims = new Dictionary<string, object> { ["role"] = "patient", ["sub"] = Guid.CreateVersion7().ToString() },
            SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(bytes), SecurityAlgorithms.HmacSha256),
        });
    }

    private static string Base64Url(string text) => Base64UrlEncoder.Encode(text);
}
