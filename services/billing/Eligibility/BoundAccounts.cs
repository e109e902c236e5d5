using System.Security.Cryptography;
using Dapper;
using Npgsql;
using SecondOpinion.Billing.Identity;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Eligibility;

/// <summary>
/// An account is bound to the families it asks about (<see cref="CheckLimitOptions.FamiliesPerAccount"/> a year): whoever knows member numbers and birth dates
/// of others gets no answer about them, known or not, and burns nobody's use. Neither the account nor the family can be read from the table: both are keyed
/// marks.
/// </summary>
internal sealed class BoundAccounts(NpgsqlDataSource dataSource, IdentityKeys keys, CheckLimitOptions options, TimeProvider time)
{
    private const int Days = 365;

    /// <returns>The refusal when the account asked about other families before, as many as it may; null when it may have the answer.</returns>
    public async Task<Problem?> Refusal(Guid account, Question question, Answer answer, CancellationToken cancel)
    {
        if (answer.Insurer is not { Roster: { } roster } insurer)
        {
            return null;
        }

        var marks = keys.Ids.ToDictionary(id => id, id => HMACSHA256.HashData(keys.Derive(id, "accounts"), account.ToByteArray()));
        // Under every key that is known here: a change of key makes nobody another family.
        var families = question.Member is { } member
            ? keys.Ids.ToDictionary(id => id, id => (long?)keys.Hasher(id).Family(insurer.AmcAscii, member))
            : new Dictionary<string, long?> { [roster.KeyId] = answer.Family };
        var known = families.Where(f => f.Value is not null).ToDictionary(f => f.Key, f => f.Value!.Value);
        var watched = new
        {
            Marks = marks.Values.ToArray(),
            Keys = known.Keys.ToArray(),
            Families = known.Values.ToArray(),
            Since = time.GetUtcNow().AddDays(-Days)
        };
        var allowed = await dataSource.InTransaction(async db =>
        {
            await db.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended(@account::text, 7))", new { account });
            await db.ExecuteAsync("delete from account_family where account = any(@Marks) and first_asked_at < @Since", watched);
            var (others, same) = await db.QuerySingleAsync<(long, bool)>(
                """
                select count(*) filter (where not mine), coalesce(bool_or(mine), false)
                from (
                  select exists (select from unnest(@Keys, @Families) f (key_id, family) where f.key_id = a.key_id and f.family = a.family) as mine
                  from account_family a
                  where a.account = any(@Marks)) known
                """, watched);
            if (same || others >= options.FamiliesPerAccount)
            {
                return same;
            }

            if (answer.Family is { } family)
            {
                await db.ExecuteAsync(
                    """
                    insert into account_family (account, insurer_id, key_id, family, first_asked_at)
                    values (@Mark, @InsurerId, @KeyId, @family, @Now)
                    on conflict (account, insurer_id, key_id, family) do update set first_asked_at = excluded.first_asked_at
                    """,
                    new { Mark = marks[roster.KeyId], InsurerId = insurer.Id, roster.KeyId, family, Now = time.GetUtcNow() });
            }

            return true;
        }, cancel);
        return allowed ? null : Problems.OtherFamilies();
    }
}
