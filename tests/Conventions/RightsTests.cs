using System.Reflection;
using System.Text.RegularExpressions;
using MassTransit;
using SecondOpinion.Contracts;
using SecondOpinion.ServiceDefaults.Messaging;

namespace SecondOpinion.Tests.Conventions;

/// <summary>The rights of services at the servers (docs/decisions/0073) are those that their code needs.</summary>
public sealed partial class RightsTests
{
    [Fact]
    public void A_service_may_hear_what_it_handles_and_nothing_else()
    {
        foreach (var service in Code.Services)
        {
            var heard = Code.TypesOf(service).SelectMany(t => t.GetInterfaces())
                .Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IHandle<>)).Select(i => i.GenericTypeArguments[0]).Distinct();
            Subscriptions.All[service.ToLowerInvariant()].ShouldBe(heard, ignoreOrder: true, service);
        }
    }

    [Fact]
    public void An_event_belongs_to_the_service_that_its_name_begins_with()
    {
        var names = Subscriptions.All["reporting"].Select(e => e.GetCustomAttribute<EntityNameAttribute>()!.EntityName).ToList();
        names.Count.ShouldBeGreaterThan(20);
        names.Where(n => !Subscriptions.All.ContainsKey(n.Split('.')[0])).ShouldBeEmpty();
    }

    /// <summary>
    /// A table whose rows no statement changes or deletes is history: its migration says so (<c>comment on table … is 'append-only'</c>), which takes the
    /// right.
    /// </summary>
    [Fact]
    public void A_table_that_no_statement_changes_says_that_it_is_append_only()
    {
        foreach (var folder in Code.Services.Select(s => $"services/{s.ToLowerInvariant()}").Append("ServiceDefaults"))
        {
            var sql = string.Join('\n', Read(folder, "*.sql"));
            // Every service has what ServiceDefaults makes, and its code may use it; both have case keys.
            var code = string.Join('\n', Read(folder, "*.cs").Concat(Read("ServiceDefaults", "*.cs")));
            var tables = Made().Matches(sql).Select(m => m.Groups[1].Value).ToList();
            tables.Count.ShouldBeGreaterThan(1, folder);
            var changed = Changed().Matches(code).Select(m => m.Groups[1].Value)
                .Concat(Upserted().Matches(code).Select(m => m.Groups[1].Value)).ToHashSet();
            var written = Written().Matches(code).Select(m => m.Groups[1].Value).ToHashSet();
            var history = AppendOnly().Matches(sql).Select(m => m.Groups[1].Value).ToList();
            tables.Where(t => written.Contains(t) && !changed.Contains(t)).Except(history).ShouldBeEmpty($"{folder}: say that it is append-only");
            history.Where(changed.Contains).ShouldBeEmpty($"{folder}: what is changed is not append-only");
        }
    }

    private static IEnumerable<string> Read(string folder, string files) =>
        Directory.EnumerateFiles(Path.Combine(Code.Root, folder), files, SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal)).Select(File.ReadAllText);

    [GeneratedRegex(@"create table (\w+)")]
    private static partial Regex Made();

    [GeneratedRegex(@"\b(?:update|delete from) (\w+)")]
    private static partial Regex Changed();

    [GeneratedRegex(@"\b(?:insert into|copy) (\w+)")]
    private static partial Regex Written();

    /// <summary>An insert that becomes an update.</summary>
    [GeneratedRegex(@"insert into (\w+)(?:(?!insert into)[^;])*?on conflict(?:(?!insert into)[^;])*?do update")]
    private static partial Regex Upserted();

    [GeneratedRegex(@"comment on table (\w+) is 'append-only")]
    private static partial Regex AppendOnly();
}
