using System.Reflection;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Tests.Intake.Service;

/// <summary>A key of the installation is exchanged: everything stays readable, and a key that is still needed cannot be forgotten.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private static readonly string V2 = Convert.ToBase64String("intake's 2nd key of tests: 32 b!"u8);
    private readonly IntakeFixture _intake = new();

    public ValueTask InitializeAsync() => _intake.InitializeAsync();

    public ValueTask DisposeAsync() => _intake.DisposeAsync();

    [Fact]
    public async Task After_a_rotation_the_former_key_leaves_and_every_case_is_still_read_and_one_that_does_not_open_stops_nobody()
    {
        var id = await _intake.Patient(Guid.CreateVersion7()).Open();
        var broken = await _intake.Patient().Open();
        await _intake.Sql<int>("update case_key set wrapped_key = '\\x01' where case_id = @broken returning 1", new { broken });
        var patient = await _intake.Sql<Guid>("select patient_id from case_file where id = @id", new { id });

        await _intake.Service.Stop();
        await _intake.Service.Start(new Dictionary<string, string?> { ["Encryption:Keys:v2"] = V2, ["Encryption:CurrentKey"] = "v2" });
        await SecondOpinion.Tests.Support.Eventually.True(
            async () => await _intake.Sql<string>("select key_version from case_key where case_id = @id", new { id }) == "v2",
            "the case is wrapped under the new key");
        (await _intake.Sql<string>("select key_version from case_key where case_id = @broken", new { broken })).ShouldBe("v1");
        (await _intake.Service.Services.GetRequiredService<RewrapCaseKeys>().Run(CancellationToken.None)).ShouldBe((0, 1));
        (await Keys()).ShouldBe([new KeyVersionUse("cases", "v1", false, true, 1), new KeyVersionUse("cases", "v2", true, true, 1)], ignoreOrder: true);

        await _intake.Sql<int>("delete from case_key where case_id = @broken returning 1", new { broken });
        await _intake.Service.Stop();
        await _intake.Service.Start(new Dictionary<string, string?> { ["Encryption:Keys:v1"] = "" });
        (await _intake.Patient(patient).Case(id)).GetProperty("caseId").GetGuid().ShouldBe(id);
    }

    [Fact]
    public async Task A_key_that_cases_need_and_nobody_configured_stops_the_start_with_its_name()
    {
        await _intake.Patient().Open();
        await _intake.Service.Stop();

        var refusal = await Should.ThrowAsync<InvalidOperationException>(() => _intake.Service.Start(
            new Dictionary<string, string?> { ["Encryption:Keys:v1"] = "", ["Encryption:Keys:v2"] = V2, ["Encryption:CurrentKey"] = "v2" }));

        refusal.Message.ShouldBe("Encryption:Keys:v1 is not set, but 1 cases are sealed under it. Put that key back; `./run keys` says when it can leave.");
    }

    [Fact]
    public async Task Only_ops_reads_which_keys_are_needed()
    {
        foreach (var role in SecondOpinion.ServiceDefaults.Access.Roles.All)
        {
            var answer = await _intake.Service.Http(SecondOpinion.Tests.Support.TestTokens.Of(role)).GetAsync("/keys");
            ((int)answer.StatusCode).ShouldBe(role == "ops" ? 200 : 403, role);
        }
    }

    [Fact]
    public async Task Every_sealed_column_has_one_place_and_every_place_is_a_column()
    {
        await using var db = await _intake.Service.Data.OpenConnectionAsync();
        var columns =
            await db.QueryAsync<string>(
                "select table_name || '.' || column_name from information_schema.columns where table_schema = 'public' and column_name like 'sealed%'");

        var places = typeof(Program).Assembly.GetTypes()
            .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)).Where(f => f.FieldType == typeof(SealedPlace))
            .Select(f => (SealedPlace)f.GetValue(null)!).Select(p => $"{p.Table}.{p.Column}");

        places.Order(StringComparer.Ordinal).ShouldBe(columns.Order(StringComparer.Ordinal));
    }

    private async Task<IReadOnlyList<KeyVersionUse>> Keys() =>
        (await System.Net.Http.Json.HttpClientJsonExtensions.GetFromJsonAsync<IReadOnlyList<KeyVersionUse>>(
            _intake.Service.Http(SecondOpinion.Tests.Support.TestTokens.Of("ops")), "/keys"))!;
}
