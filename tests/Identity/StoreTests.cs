using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Identity;

namespace SecondOpinion.Tests.Identity;

/// <summary>The tables are made by numbered migrations; what OpenIddict expects of them changes with its versions.</summary>
public sealed partial class StoreTests(IdentityFixture identity) : IClassFixture<IdentityFixture>
{
    [Fact]
    public async Task The_tables_are_those_that_OpenIddict_expects()
    {
        using var scope = identity.Service.Services.CreateScope();
        var script = scope.ServiceProvider.GetRequiredService<IdentityDb>().Database.GenerateCreateScript();
        var expected = Table().Matches(script).SelectMany(table => Column().Matches(table.Groups["columns"].Value)
            .Select(column => $"{table.Groups["name"].Value}.{column.Groups["name"].Value}: {column.Groups["type"].Value}")).Order().ToList();
        expected.Count.ShouldBeGreaterThan(30);

        var actual = new List<string>();
        await using var command = identity.Service.Data.CreateCommand(
            """
            select c.relname || '.' || a.attname || ': ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' NOT NULL' else '' end
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            where c.relname like 'OpenIddict%' and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
            """);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            actual.Add(reader.GetString(0));
        }

        actual.Order().ShouldBe(expected);
    }

    [GeneratedRegex("CREATE TABLE \"(?<name>\\w+)\" \\((?<columns>.*?)\\n\\);", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Table();

    [GeneratedRegex("^ +\"(?<name>\\w+)\" (?<type>.+?),?$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Column();
}
