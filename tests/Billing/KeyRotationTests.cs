using System.Net;
using System.Net.Http.Json;
using SecondOpinion.Contracts.Billing.V1;

namespace SecondOpinion.Tests.Billing;

/// <summary>The steps of docs/decisions/0012, one after another.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private const string Roster = BillingFixture.Header
        + "A1;1980-01-02;1;A;180017512345660;CONFORT;2022-01-01;\n"
        + "A1;1982-03-04;1;C;180017512345660;CONFORT;2022-01-01;\n"
        + "A4;1990-09-10;1;A;;ONCE;2022-01-01;\n";

    private readonly BillingFixture _billing = new();

    public ValueTask InitializeAsync()
    {
        // Its rosters shrink on purpose.
        _billing.Settings["Rosters:MaxDropShare"] = "1";
        return _billing.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _billing.DisposeAsync();

    [Fact]
    public async Task A_new_key_takes_over_with_the_next_whole_roster_and_no_use_is_forgotten()
    {
        await Reserve(BillingFixture.Person("A4", "1990-09-10"));
        await Reserve(ByNir());
        await Restart(current: "k2", "k1", "k2");

        // The former key's roster answers on; a delta stays with the key of what it changes.
        (await Ask(BillingFixture.Person("A4", "1990-09-10"))).RefusalCode.ShouldBe("no_use_left");
        (await Ask(ByNir())).RemainingUses.ShouldBe(1);
        await _billing.Import(
            BillingFixture.InsurerId, "operation;numero_adherent;date_naissance;rang;lien;contrat;debut\nA;D1;1980-01-02;1;A;CONFORT;2022-01-01\n", "delta");
        (await KeyOfCurrent()).ShouldBe("k1");

        // A reservation between the change of configuration and the next roster is counted too.
        await Reserve(BillingFixture.Person("A1", "1982-03-04"));
        var before = await Hashes();
        await _billing.Import(BillingFixture.InsurerId, Roster);
        (await KeyOfCurrent()).ShouldBe("k2");
        (await Hashes()).ShouldNotContain(h => before.Contains(h), "every hash is another one");
        (await Ask(BillingFixture.Person("A4", "1990-09-10"))).RefusalCode.ShouldBe("no_use_left");
        (await Ask(BillingFixture.Person())).RemainingUses.ShouldBe(1, "the use that was asked for by NIR");
        (await Ask(ByNir())).RemainingUses.ShouldBe(1);
        await Reserve(BillingFixture.Person());
        (await Ask(BillingFixture.Person("A1", "1982-03-04"))).RefusalCode.ShouldBe("no_use_left", "three uses of the family, under either key");

        // Back to the former roster, with its key: still counted.
        (await RollBack()).ShouldBe(HttpStatusCode.OK);
        (await KeyOfCurrent()).ShouldBe("k1");
        (await Ask(BillingFixture.Person("A1", "1982-03-04"))).RefusalCode.ShouldBe("no_use_left");
    }

    [Fact]
    public async Task A_key_that_still_answers_cannot_be_taken_away_and_one_that_does_not_can()
    {
        await _billing.Service.Stop();
        var failure = await Should.ThrowAsync<Exception>(() => Restart(current: "k2", "k2"));
        failure.ToString().ShouldContain("Beneficiaries:Keys:k1");
        await _billing.Service.Stop();

        await Restart(current: "k2", "k1", "k2");
        await _billing.Import(BillingFixture.InsurerId, Roster);
        await _billing.Import(BillingFixture.MonthlyId, Roster);
        await Restart(current: "k2", "k2");
        (await Ask(BillingFixture.Person())).Covered.ShouldBeTrue();
        (await RollBack()).ShouldBe(HttpStatusCode.Conflict, "the former version's key is gone");
    }

    [Fact]
    public async Task A_missing_or_short_key_stops_the_start_with_a_sentence()
    {
        await _billing.Service.Stop();
        (await Should.ThrowAsync<Exception>(() => Restart(current: "k9", "k1"))).ToString().ShouldContain("Beneficiaries:CurrentKey");
        _billing.Settings["Beneficiaries:Keys:k3"] = Convert.ToBase64String("short"u8);
        (await Should.ThrowAsync<Exception>(() => Restart(current: "k1", "k1"))).ToString().ShouldContain("Beneficiaries:Keys:k3");
    }

    private static CheckRequest ByNir() => new() { AmcNumber = BillingFixture.Amc, HolderNir = "180017512345660", BirthDate = "1980-01-02", BirthRank = 1 };

    private async Task Restart(string current, params string[] keys)
    {
        await _billing.Service.Stop();
        foreach (var key in new[] { "k1", "k2" })
        {
            _billing.Settings[$"Beneficiaries:Keys:{key}"] = keys.Contains(key) ? Convert.ToBase64String(Enumerable.Repeat((byte)key[1], 32).ToArray()) : null;
        }

        if (keys.Contains("k1"))
        {
            _billing.Settings["Beneficiaries:Keys:k1"] = Convert.ToBase64String("the first hashing key of tests !"u8);
        }

        _billing.Settings["Beneficiaries:CurrentKey"] = current;
        await _billing.Service.Start(_billing.Settings);
    }

    private async Task Reserve(CheckRequest person) =>
        (await _billing.Client.ReserveAsync(
            new ReserveRequest { CaseId = Guid.CreateVersion7().ToString(), Person = person }, deadline: BillingFixture.Soon)).RefusalCode.ShouldBeEmpty();

    private async Task<CheckReply> Ask(CheckRequest person) => await _billing.Client.CheckAsync(person, deadline: BillingFixture.Soon);

    private Task<string> KeyOfCurrent() => _billing.Scalar<string>(
        "select v.key_id from roster r join roster_version v on v.insurer_id = r.insurer_id and v.version = r.version where r.insurer_id = @InsurerId",
        new { BillingFixture.InsurerId });

    private async Task<long[]> Hashes()
    {
        var table = await _billing.Scalar<string>(
            "select v.table_name from roster r join roster_version v on v.insurer_id = r.insurer_id and v.version = r.version where r.insurer_id = @InsurerId",
            new { BillingFixture.InsurerId });
        return await _billing.Scalar<long[]>($"select array_agg(h) from {table}, unnest(array[key, family, holder]) h where h is not null");
    }

    private async Task<HttpStatusCode> RollBack()
    {
        var request =
            new HttpRequestMessage(HttpMethod.Post, $"/api/v1/insurers/{BillingFixture.InsurerId}/rosters/rollback")
            {
                Content = JsonContent.Create(new { toVersion = (int?)null }),
            };
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        return (await _billing.Ops.SendAsync(request)).StatusCode;
    }
}
