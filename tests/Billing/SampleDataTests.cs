using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

public sealed class SampleDataTests
{
    [Fact]
    public async Task Sixty_fictitious_insurers_answer_at_the_first_start_and_at_the_next()
    {
        var spool = Directory.CreateTempSubdirectory("rosters-");
        var settings = new Dictionary<string, string?>
        {
            ["Beneficiaries:Keys:k1"] = Convert.ToBase64String("the first hashing key of tests !"u8),
            ["Beneficiaries:CurrentKey"] = "k1",
            ["Rosters:SpoolPath"] = spool.FullName,
            ["SampleData:Enabled"] = "true",
        };
        await using var service = await ServiceUnderTest<Program>.Start("billing", settings);
        var client = new Eligibility.EligibilityClient(service.Grpc(TestTokens.Service("intake")));
        var patientOfTheStory = new CheckRequest { AmcNumber = "99000001", MemberNumber = "FICTIF000042", BirthDate = "1989-04-17", BirthRank = 1 };
        var reply = await client.CheckAsync(patientOfTheStory, deadline: BillingFixture.Soon);
        reply.Covered.ShouldBeTrue(reply.RefusalCode);
        reply.InsurerName.ShouldBe("Mutuelle Fictive du Centre");

        // The first answered before the service was ready; the others follow.
        JsonElement insurers = default;
        await Eventually.True(async () =>
        {
            insurers = await service.Http(TestTokens.Of(Roles.Ops)).GetFromJsonAsync<JsonElement>("/api/v1/insurers?limit=100");
            return insurers.GetProperty("items").EnumerateArray().All(i => i.GetProperty("members").GetInt64() > 100);
        }, "every roster is imported", TimeSpan.FromSeconds(60));
        var items = insurers.GetProperty("items").EnumerateArray().ToList();
        items.Count.ShouldBe(60);
        items.ShouldAllBe(i => i.GetProperty("name").GetString()!.Contains("Fictive", StringComparison.Ordinal));

        await service.Stop();
        await service.Start();
        (await service.Http(TestTokens.Of(Roles.Ops)).GetFromJsonAsync<JsonElement>("/api/v1/insurers?limit=100")).ToString().ShouldBe(insurers.ToString());
        spool.GetFiles().ShouldBeEmpty("an imported upload is deleted");
        spool.Delete();
    }
}
