using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;

namespace SecondOpinion.Tests.Identity;

/// <summary>Keys change while everything runs.</summary>
public sealed class KeyTests(IdentityFixture identity) : IClassFixture<IdentityFixture>
{
    [Fact]
    public async Task A_new_key_is_published_before_it_signs_and_at_once_when_the_old_one_is_known_to_somebody()
    {
        var ops = identity.Service.Http(await identity.TryOut("ops", "operator"));
        var before = new JsonWebToken(await identity.ForService("billing")).Kid;
        (await Published()).ShouldBe([before]);

        (await ops.PostAsJsonAsync("/issuer-keys", new { atOnce = false })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await Published()).Count.ShouldBe(2);
        new JsonWebToken(await identity.ForService("billing")).Kid.ShouldBe(before, "others are to know the new one first");

        (await ops.PostAsJsonAsync("/issuer-keys", new { atOnce = true })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var after = new JsonWebToken(await identity.ForService("billing")).Kid;
        after.ShouldNotBe(before);
        (await Published()).ShouldBe([after]);

        // The issuer itself, a service like any other, takes the new ones.
        (await identity.Service.Http(await identity.TryOut("ops", "operator")).DeleteAsync("/accounts/nobody")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Keys_outlast_a_restart_and_no_private_part_lies_open()
    {
        var before = await Published();
        await identity.Service.Stop();
        await identity.Service.Start();
        await identity.Ready();
        (await Published()).ShouldBe(before);

        // A PKCS#8 key begins with a SEQUENCE and holds the OID of RSA.
        (await identity.Scalar<long>("select count(*) from issuer_key where position('\\x2a864886f70d010101'::bytea in sealed) > 0")).ShouldBe(0);
    }

    private async Task<List<string>> Published()
    {
        using var http = new HttpClient { BaseAddress = identity.Address };
        var keys = (await http.GetFromJsonAsync<JsonNode>("/.well-known/jwks"))!["keys"]!.AsArray();
        keys.ShouldAllBe(key => key!["d"] == null);
        return [.. keys.Select(key => (string)key!["kid"]!)];
    }
}
