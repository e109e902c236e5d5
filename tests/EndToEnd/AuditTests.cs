using System.Net.Http.Json;
using System.Text.Json;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>Everything that was read in a case is on record, and the record is a chain that nobody has touched.</summary>
[Collection(OnSharedSystem.Name)]
public sealed class AuditTests(SharedSystem system)
{
    [Fact]
    public async Task After_a_case_every_services_audit_record_is_whole_and_its_end_is_noted()
    {
        using var journey = await Journey.Assigned(system);
        using var ops = system.Http(system.Token(Roles.Ops));

        await Eventually.True(
            async () => (await Chain("intake")) is var intake && intake.GetProperty("links").GetInt64() > 0 && intake.GetProperty("heads").GetInt32() > 0,
            "intake's record is linked and noted",
            TimeSpan.FromSeconds(90));

        var report = await ops.GetFromJsonAsync<JsonElement>("/api/v1/audit/chains");
        report.GetProperty("unanswered").GetArrayLength().ShouldBe(0);
        report.GetProperty("services").EnumerateObject().Select(s => s.Value.GetProperty("fault").GetString()).ShouldAllBe(fault => fault == null);

        async Task<JsonElement> Chain(string service) =>
            (await ops.GetFromJsonAsync<JsonElement>("/api/v1/audit/chains")).GetProperty("services").GetProperty(service);
    }
}
