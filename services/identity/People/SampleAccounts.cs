using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Identity.People;

/// <summary>One fictitious person for each role, with the password <c>SampleData:Password</c>, where <c>SampleData:Enabled</c> is set.</summary>
internal sealed class SampleAccounts(IConfiguration configuration, NpgsqlDataSource dataSource, TimeProvider time, BackgroundJobs jobs) : BackgroundJob(jobs)
{
    private static readonly (string Login, string Id, string Role, string? Rpps, string? InsurerId)[] People =
    [
        ("camille.exemple", "00000000-0000-7000-8000-0000aa000001", Roles.Patient, null, null),
        ("alix.exemple-durance", "00000000-0000-7000-8000-0000aa000002", Roles.Physician, "99000010019", null),
        ("agent.exemple", "00000000-0000-7000-8000-0000aa000003", Roles.Agent, null, null),
        ("conseil.exemple", "00000000-0000-7000-8000-0000aa000004", Roles.Council, null, null),
        ("exploitation.exemple", "00000000-0000-7000-8000-0000aa000005", Roles.Ops, null, null),
        ("mutuelle.exemple", "00000000-0000-7000-8000-0000aa000006", Roles.Partner, null, "00000000-0000-7000-8000-000099000001"),
    ];

    protected override async Task<Next> Pass(CancellationToken cancel)
    {
        if (!configuration.GetValue("SampleData:Enabled", false) || configuration["SampleData:Password"] is not { Length: > 0 } password)
        {
            return Next.Never;
        }

        await using var db = await dataSource.OpenConnectionAsync(cancel);
        var known = (await db.QueryAsync<string>("select login from account")).ToHashSet();
        foreach (var person in People.Where(p => !known.Contains(p.Login)))
        {
            await db.ExecuteAsync(
                """
                insert into account (id, login, password, role, rpps, insurer_id, made_at)
                values (@Id, @Login, @Hash, @Role, @Rpps, @InsurerId, @Now)
                on conflict do nothing
                """,
                new
                {
                    Id = Guid.Parse(person.Id),
                    person.Login,
                    Hash = Passwords.Hash(password),
                    person.Role,
                    person.Rpps,
                    InsurerId = person.InsurerId is null ? (Guid?)null : Guid.Parse(person.InsurerId),
                    Now = time.GetUtcNow(),
                });
        }

        return Next.Never;
    }
}
