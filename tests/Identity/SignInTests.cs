using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Web;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace SecondOpinion.Tests.Identity;

/// <summary>People sign in through a portal, and leave.</summary>
public sealed class SignInTests(IdentityFixture identity) : IClassFixture<IdentityFixture>
{
    private readonly string _verifier = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));

    [Fact]
    public async Task A_person_signs_in_and_the_portal_gets_tokens_until_the_logout()
    {
        using var browser = Browser();
        var code = await Code(browser, "alix.exemple-durance");
        var (status, tokens) = await Redeem(code, _verifier);
        status.ShouldBe(HttpStatusCode.OK, tokens.ToJsonString());
        var access = new JsonWebToken((string)tokens["access_token"]!);
        access.GetClaim("role").Value.ShouldBe("physician");
        access.GetClaim("rpps").Value.ShouldBe("99000010019");
        access.Audiences.ShouldContain("physician");
        var session = access.GetClaim("sid").Value;

        (await Redeem(code, _verifier)).Status.ShouldBe(HttpStatusCode.BadRequest, "a code works once");

        // Again without the password: the session goes on. (A code that was used twice has taken its tokens along.)
        var (_, again) = await Redeem(await Code(browser, null), _verifier);
        var (refreshed, next) = await Refresh((string)again["refresh_token"]!);
        refreshed.ShouldBe(HttpStatusCode.OK, next.ToJsonString());
        new JsonWebToken((string)next["access_token"]!).GetClaim("sid").Value.ShouldBe(session);

        (await browser.GetAsync("/connect/logout")).StatusCode.ShouldBe(HttpStatusCode.Redirect);
        (await Refresh((string)next["refresh_token"]!)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await identity.Service.Http(await identity.ForService("identity")).GetStringAsync("/revocations")).ShouldContain(session);
        (await browser.GetAsync(Address())).Headers.Location!.ToString().ShouldStartWith("/connexion");
    }

    [Fact]
    public async Task A_closed_account_ends_its_sessions()
    {
        using var browser = Browser();
        var (_, tokens) = await Redeem(await Code(browser, "conseil.exemple"), _verifier);
        var session = new JsonWebToken((string)tokens["access_token"]!).GetClaim("sid").Value;

        (await identity.Service.Http(await identity.TryOut("ops", "operator")).DeleteAsync("/accounts/conseil.exemple")).StatusCode.ShouldBe(
            HttpStatusCode.NoContent);

        (await Refresh((string)tokens["refresh_token"]!)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await identity.Service.Http(await identity.ForService("identity")).GetStringAsync("/revocations")).ShouldContain(session);
        (await SignIn(Browser(), "conseil.exemple", IdentityFixture.Password)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_code_is_worth_nothing_without_its_proof_and_goes_to_known_addresses_only()
    {
        using var browser = Browser();
        (await Redeem(await Code(browser, "camille.exemple"), Base64UrlEncoder.Encode(new byte[32]))).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await browser.GetAsync(Address(redirect: "http://127.0.0.1:1/other"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var withoutProof = await browser.GetAsync(Address(challenge: null));
        (withoutProof.Headers.Location?.Query ?? "").ShouldNotContain("code=");
    }

    [Fact]
    public async Task Ten_wrong_passwords_close_an_account_for_a_while_and_the_answer_never_tells_whether_there_is_one()
    {
        var wrong = await (await SignIn(Browser(), "agent.exemple", "wrong")).Content.ReadAsStringAsync();
        wrong.ShouldBe(await (await SignIn(Browser(), "nobody.there", "wrong")).Content.ReadAsStringAsync());
        for (var i = 0; i < 9; i++)
        {
            await SignIn(Browser(), "agent.exemple", "wrong");
        }

        (await SignIn(Browser(), "agent.exemple", IdentityFixture.Password)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example")]
    [InlineData("/connexion")]
    public async Task The_page_leads_back_to_where_it_was_asked_for_and_nowhere_else(string back)
    {
        using var browser = Browser();
        var answer = await browser.PostAsync($"/connexion?retour={Uri.EscapeDataString(back)}", Form("mutuelle.exemple", IdentityFixture.Password));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.Location.ShouldBeNull();
    }

    [Fact]
    public async Task Another_site_cannot_sign_somebody_in()
    {
        using var browser = Browser();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connexion") { Content = Form("mutuelle.exemple", IdentityFixture.Password) };
        request.Headers.Add("Origin", "https://evil.example");
        var answer = await browser.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        answer.Headers.Contains("Set-Cookie").ShouldBeFalse();
    }

    private HttpClient Browser() =>
        new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = identity.Address };

    private static FormUrlEncodedContent Form(string login, string password) =>
        new(new Dictionary<string, string> { ["login"] = login, ["password"] = password });

    private static Task<HttpResponseMessage> SignIn(HttpClient browser, string login, string password) =>
        browser.PostAsync("/connexion", Form(login, password));

    private string Address(string redirect = IdentityFixture.Callback, string? challenge = "") =>
        $"/connect/authorize?response_type=code&client_id=portal&redirect_uri={Uri.EscapeDataString(redirect)}&scope=openid%20offline_access&state=s"
        + (challenge is null ? ""
            : $"&code_challenge_method=S256&code_challenge={Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(_verifier)))}");

    /// <summary>Asks for a code, by way of the sign-in page when a login is given.</summary>
    private async Task<string> Code(HttpClient browser, string? login)
    {
        var answer = await browser.GetAsync(Address());
        if (login is not null)
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, await answer.Content.ReadAsStringAsync());
            var page = answer.Headers.Location!.ToString();
            page.ShouldStartWith("/connexion?retour=");
            (await browser.GetStringAsync(page)).ShouldContain("Se connecter");
            var signedIn = await browser.PostAsync(page, Form(login, IdentityFixture.Password));
            signedIn.StatusCode.ShouldBe(HttpStatusCode.Redirect, await signedIn.Content.ReadAsStringAsync());
            answer = await browser.GetAsync(signedIn.Headers.Location);
        }

        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, await answer.Content.ReadAsStringAsync());
        answer.Headers.Location!.ToString().ShouldStartWith(IdentityFixture.Callback);
        return HttpUtility.ParseQueryString(answer.Headers.Location.Query)["code"]!;
    }

    private Task<(HttpStatusCode Status, JsonNode Body)> Redeem(string code, string verifier) => identity.Ask(
        ("grant_type", "authorization_code"), ("client_id", "portal"), ("code", code), ("redirect_uri", IdentityFixture.Callback), ("code_verifier", verifier));

    private Task<(HttpStatusCode Status, JsonNode Body)> Refresh(string token) =>
        identity.Ask(("grant_type", "refresh_token"), ("client_id", "portal"), ("refresh_token", token));
}
