using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Billing;
using SecondOpinion.Billing.Coverage;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Billing;

/// <summary>The billing service with two insurers: one whose contract allows two uses a person and four a family, one paid per member and
/// month.</summary>
public sealed class BillingFixture : IAsyncLifetime
{
    public const string Amc = "99000101";
    public const string MonthlyAmc = "99000102";
    public const string Header = "numero_adherent;date_naissance;rang;lien;nir_assure;contrat;debut;fin\n";
    public static readonly Guid InsurerId = Guid.Parse("00000000-0000-7000-8000-000099000101");
    public static readonly Guid MonthlyId = Guid.Parse("00000000-0000-7000-8000-000099000102");

    /// <summary>The deadline of every call.</summary>
    public static DateTime Soon => DateTime.UtcNow.AddSeconds(20);

    public ServiceUnderTest<Program> Service { get; private set; } = null!;

    public string Spool { get; } = Directory.CreateTempSubdirectory("rosters-").FullName;

    public Eligibility.EligibilityClient Client => new(Service.Grpc(TestTokens.Service("intake")));

    public HttpClient Ops => Service.Http(TestTokens.Of(Roles.Ops));

    public Dictionary<string, string?> Settings { get; } = new()
    {
        ["Beneficiaries:Keys:k1"] = Convert.ToBase64String("the first hashing key of tests !"u8),
        ["Beneficiaries:CurrentKey"] = "k1",
        ["Invoicing:Scheduled"] = "false",
        ["Fees:Scheduled"] = "false",
        ["Eligibility:Limits:PartnerPerMinute"] = "10000",
        ["Eligibility:Limits:AgentPerMinute"] = "10000",
        ["Eligibility:Limits:MissesPerHour"] = "10000",
    };

    /// <summary>Replaces services, e.g. the clock, before the start.</summary>
    public Action<IServiceCollection>? Configure { get; set; }

    public async ValueTask InitializeAsync()
    {
        Settings["Rosters:SpoolPath"] = Spool;
        Service = await ServiceUnderTest<Program>.Start("billing", Settings, Configure);
        await AddInsurer(InsurerId, Amc, "Mutuelle Fictive des Essais", "per_opinion", 295_00);
        await AddInsurer(MonthlyId, MonthlyAmc, "Prévoyance Fictive des Essais", "per_member_per_month", 4);
        await Import(InsurerId, Header
            + "A1;1980-01-02;1;A;180017512345660;CONFORT;2022-01-01;\n"
            + "A1;1982-03-04;1;C;180017512345660;CONFORT;2022-01-01;\n"
            + "A2;1970-05-06;1;A;;ESSENTIEL;2022-01-01;\n"
            + "A3;1960-07-08;1;A;;CONFORT;2022-01-01;2023-12-31\n"
            + "A4;1990-09-10;1;A;;ONCE;2022-01-01;\n");
        await Import(MonthlyId, Header + "M1;1980-01-02;1;A;;CONFORT;2022-01-01;\n");
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        Directory.Delete(Spool, recursive: true);
    }

    /// <summary>Gives a case's use back as its withdrawal does, without the message.</summary>
    public Task<bool> Release(Guid caseId) =>
        Service.Data.InTransaction(db => ReleaseCoverage.End(db, caseId, CoverageState.Released, TimeProvider.System.GetUtcNow()));

    /// <summary>An opinion of a reserved case, booked as its message does.</summary>
    /// <returns>The case.</returns>
    public async Task<Guid> Deliver(string member, DateTimeOffset at, string birth = "1980-01-02", string amc = Amc, Guid? physician = null)
    {
        var caseId = Guid.CreateVersion7();
        var reply = await Client.ReserveAsync(new ReserveRequest { CaseId = caseId.ToString(), Person = Person(member, birth, amc) }, deadline: Soon);
        reply.Reserved.ShouldBeTrue(reply.RefusalCode);
        await Deliver(caseId, at, physician);
        return caseId;
    }

    /// <summary>Books an opinion of a case, whoever pays for it.</summary>
    public Task Deliver(Guid caseId, DateTimeOffset at, Guid? physician = null) => Service.Data.InTransaction(async db =>
    {
        await db.ExecuteAsync(
            "insert into delivered_opinion (case_id, opinion_id, physician_id, delivered_at) values (@caseId, @opinion, @physician, @at)",
            new { caseId, opinion = Guid.CreateVersion7(), physician = physician ?? Guid.CreateVersion7(), at });
        await Service.Services.GetRequiredService<BookOpinion>().BookIfDelivered(db, caseId);
    });

    /// <summary>What stands on all accounts of a kind, or on one of them, in cents.</summary>
    public Task<long> Balance(string kind, Guid? party = null) => Scalar<long>(
        """
        select coalesce(sum(l.amount_cents), 0)::bigint
        from ledger_line l
        join ledger_account a on a.id = l.account_id
        where a.kind = @kind and (@party::uuid is null or a.party_id = @party)
        """, new { kind, party });

    public static CheckRequest Person(string member = "A1", string birth = "1980-01-02", string amc = Amc) =>
        new() { AmcNumber = amc, MemberNumber = member, BirthDate = birth, BirthRank = 1 };

    /// <summary>Writes a roster the way of an insurer's portal: announce, send, wait.</summary>
    public async Task<JsonElement> Import(Guid insurerId, string csv, string kind = "whole", string expected = "imported")
    {
        var id = await Announce(insurerId, Encoding.UTF8.GetByteCount(csv), kind);
        (await Send(id, 0, Encoding.UTF8.GetBytes(csv))).EnsureSuccessStatusCode();
        return await Over(id, expected);
    }

    public async Task<Guid> Announce(Guid insurerId, long size, string kind = "whole", byte[]? file = null)
    {
        var sha256 = file is null ? null : Convert.ToHexStringLower(SHA256.HashData(file));
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/rosters")
        {
            Content = JsonContent.Create(new { insurerId, kind, sizeBytes = size, sha256 }),
        };
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        var answer = await Ops.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    public async Task<HttpResponseMessage> Send(Guid id, long offset, byte[] content, HttpClient? client = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/rosters/{id}/content") { Content = new ByteArrayContent(content) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/partial-upload");
        request.Headers.Add("Upload-Offset", offset.ToString(CultureInfo.InvariantCulture));
        return await (client ?? Ops).SendAsync(request);
    }

    public async Task<JsonElement> Over(Guid id, string expected)
    {
        JsonElement status = default;
        await Eventually.True(async () =>
        {
            status = await Ops.GetFromJsonAsync<JsonElement>($"/api/v1/rosters/{id}");
            return status.GetProperty("state").GetString() is "imported" or "refused" or "failed";
        }, $"import {id} is over");
        status.GetProperty("state").GetString().ShouldBe(expected, status.ToString());
        return status;
    }

    public async Task<T> Scalar<T>(string sql, object? parameters = null)
    {
        await using var db = await Service.Data.OpenConnectionAsync();
        return (await db.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    /// <summary>A whole roster: <c>MEMBER;BIRTH-DATE</c> each, or a whole line.</summary>
    public static string Roster(params string[] people) =>
        Header + string.Concat(people.Select(p => p.Contains(";1;", StringComparison.Ordinal) ? $"{p}\n" : $"{p};1;A;;OPEN;2022-01-01;\n"));

    /// <summary>An insurer of its own for a test.</summary>
    public async Task<Guid> NewInsurer(string amc)
    {
        var id = Guid.CreateVersion7();
        await AddInsurer(id, amc, $"Mutuelle Fictive {amc}", "per_opinion", 295_00);
        return id;
    }

    public async Task AddInsurer(Guid id, string amc, string name, string pricing, long cents)
    {
        var start = new DateOnly(2021, 1, 1);
        await Service.Data.InTransaction(async db =>
        {
            await SaveInsurer.Insert(db, id, AmcNumber.Parse(amc), new(name, "mutuelle", new(name, "1 rue de l'Exemple", "99001", "Ville-Fictive")), "test",
                DateTimeOffset.UnixEpoch);
            foreach (var (code, included, person, family, waiting) in new (string, bool, int?, int?, int)[]
            {
                ("CONFORT", true, 2, 3, 0), ("ESSENTIEL", false, null, null, 0), ("ONCE", true, 1, null, 0), ("OPEN", true, null, null, 0),
                ("WAIT", true, null, null, 90),
            })
            {
                await SaveContract.Write(
                    db, id, code, new(start, code, "sante", included, person, family, waiting, start, null, pricing, cents), "test", DateTimeOffset.UnixEpoch);
            }

            await InsurerDirectory.Changed(db);
        });
        await Service.Services.GetRequiredService<InsurerDirectory>().Refresh();
    }
}
