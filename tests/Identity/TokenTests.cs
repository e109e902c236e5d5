using System.Net;
using System.Net.Http.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using SecondOpinion.Identity.Clients;

namespace SecondOpinion.Tests.Identity;

/// <summary>Who gets a token, of whom and for whom.</summary>
public sealed class TokenTests(IdentityFixture identity) : IClassFixture<IdentityFixture>
{
    [Fact]
    public async Task A_service_gets_a_short_access_token_for_the_one_it_may_call()
    {
        var token = new JsonWebToken(await identity.ForService("billing"));
        token.Typ.ShouldBe("at+jwt");
        token.Alg.ShouldBe("RS256");
        token.Audiences.ShouldBe(["billing"]);
        (token.Subject, token.GetClaim("client_id").Value, token.GetClaim("role").Value).ShouldBe(("intake", "intake", "service"));
        (token.ValidTo - token.IssuedAt).ShouldBe(TimeSpan.FromMinutes(5));
    }

    [Theory]
    [InlineData("intake", "intake's secret", "physician")]
    [InlineData("intake", "intake's secret", "billing identity")]
    [InlineData("intake", "intake's secret", "")]
    [InlineData("intake", "wrong", "billing")]
    [InlineData("stranger", "intake's secret", "billing")]
    [InlineData("portal", "", "billing")]
    public async Task Nobody_gets_a_token_for_a_callee_that_is_not_theirs(string client, string secret, string scope)
    {
        var (status, body) = await identity.Ask(("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret), ("scope", scope));
        ((int)status).ShouldBeInRange(400, 401);
        body["access_token"].ShouldBeNull();
    }

    [Theory]
    [InlineData("patient", "gateway intake billing")]
    [InlineData("physician", "gateway intake physician")]
    [InlineData("partner", "gateway billing")]
    public async Task A_person_s_token_is_meant_for_whom_the_role_leads_to(string role, string audiences) =>
        new JsonWebToken(await identity.TryOut(role, "somebody")).Audiences.Order().ShouldBe(audiences.Split(' ').Order());

    [Theory]
    [InlineData("service", "1")]
    [InlineData("root", "1")]
    [InlineData("ops", "25")]
    public async Task Even_for_trying_out_there_is_no_token_of_a_service_nor_for_ever(string role, string hours)
    {
        var (status, _) = await identity.Ask(
            ("grant_type", "urn:secondopinion:grant:try-out"), ("client_id", "try-out"), ("client_secret", "try"), ("role", role), ("subject", "x"),
                ("hours", hours));
        status.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_grant_for_trying_out_is_the_tool_s_alone()
    {
        var (status, body) = await identity.Ask(
            ("grant_type", "urn:secondopinion:grant:try-out"), ("client_id", "intake"), ("client_secret", "intake's secret"), ("role", "ops"),
                ("subject", "x"));
        status.ShouldBe(HttpStatusCode.BadRequest);
        body["access_token"].ShouldBeNull();
    }

    [Fact]
    public async Task A_partner_s_program_sees_its_insurer_and_is_ended_for_everybody_at_once()
    {
        var ops = identity.Service.Http(await identity.TryOut("ops", "operator"));
        var insurer = Guid.CreateVersion7();
        using var made = await ops.PostAsJsonAsync("/partner-clients", new { name = "essai", insurerId = insurer });
        made.StatusCode.ShouldBe(HttpStatusCode.Created, await made.Content.ReadAsStringAsync());
        var client = (await made.Content.ReadFromJsonAsync<PartnerClients.Response>())!;
        var (status, body) = await identity.Ask(("grant_type", "client_credentials"), ("client_id", client.ClientId), ("client_secret", client.ClientSecret));
        status.ShouldBe(HttpStatusCode.OK, body.ToJsonString());
        var token = new JsonWebToken((string)body["access_token"]!);
        (token.GetClaim("role").Value, token.GetClaim("insurer_id").Value, token.GetClaim("client_id").Value).ShouldBe(
            ("partner", insurer.ToString(), "partner-essai"));

        (await ops.DeleteAsync("/partner-clients/partner-essai")).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await identity.Ask(("grant_type", "client_credentials"), ("client_id", client.ClientId), ("client_secret", client.ClientSecret))).Status.ShouldBe(
            HttpStatusCode.Unauthorized);
        (await identity.Service.Http(await identity.ForService("identity")).GetStringAsync("/revocations")).ShouldContain("partner-essai");
        (await ops.DeleteAsync("/partner-clients/partner-essai")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await ops.DeleteAsync("/partner-clients/intake")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("patient")]
    [InlineData("physician")]
    [InlineData("partner")]
    [InlineData("council")]
    public async Task Only_operators_change_keys_and_clients_and_only_services_read_the_list(string role)
    {
        var http = identity.Service.Http(await identity.TryOut(role, "somebody"));
        foreach (var answer in (HttpResponseMessage[])[await http.PostAsJsonAsync("/issuer-keys", new { atOnce = true }),
            await http.DeleteAsync("/accounts/x"), await http.GetAsync("/revocations")])
        {
            // Their tokens are not meant for the issuer at all.
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }
    }
}
