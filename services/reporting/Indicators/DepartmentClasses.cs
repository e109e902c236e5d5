using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.Reporting.Indicators;

/// <summary>
/// Loads <c>Indicators/data/department_classes.csv</c> into the database at start. A version, once loaded, is never changed: an indicator that was read last
/// year must still be explainable. To correct the file, raise its version.
/// </summary>
internal sealed class DepartmentClasses(NpgsqlDataSource dataSource) : IHostedService
{
    public sealed record File(int Version, int Year, string Source, IReadOnlyList<Row> Rows, string Sha256);

    /// <param name="AplGeneralists">Accessible consultations of a general practitioner per inhabitant and year, 2022; null where not published.</param>
    /// <param name="GeneralistsPer100000">At 1 January 2023.</param>
    public sealed record Row(string Code, string Name, decimal? AplGeneralists, decimal GeneralistsPer100000, string Class);

    /// <exception cref="InvalidOperationException">The file was edited without raising its version.</exception>
    public Task StartAsync(CancellationToken cancellationToken) => dataSource.InTransaction(async db =>
    {
        var file = Read();
        var first = await db.ExecuteAsync(
            "insert into department_class_version (version, year, source, sha256) values (@Version, @Year, @Source, @Sha256) on conflict do nothing", file);
        if (first == 1)
        {
            await db.ExecuteAsync(
                "insert into department_class (version, code, name, class) select @Version, * from unnest(@Codes, @Names, @Classes)",
                new
                {
                    file.Version,
                    Codes = file.Rows.Select(r => r.Code).ToArray(),
                    Names = file.Rows.Select(r => r.Name).ToArray(),
                    Classes = file.Rows.Select(r => r.Class).ToArray(),
                });
            return;
        }

        var loaded = await db.ExecuteScalarAsync<string>("select sha256 from department_class_version where version = @Version", file);
        if (loaded != file.Sha256)
        {
            throw new InvalidOperationException(
                $"department_classes.csv differs from its version {file.Version}, already loaded. Restore it, or raise the version in its first line.");
        }
    }, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public static File Read()
    {
        using var stream = typeof(DepartmentClasses).Assembly.GetManifestResourceStream("data/department_classes.csv")!;
        using var reader = new StreamReader(stream);
        var text = reader.ReadToEnd().ReplaceLineEndings("\n");
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        string Header(string name) => lines.Single(l => l.StartsWith($"# {name}: ", StringComparison.Ordinal))[(name.Length + 4)..];

        var rows = lines.Where(l => !l.StartsWith('#')).Skip(1).Select(line => line.Split(';')).Select(cells => new Row(
            cells[0], cells[1], cells[2].Length == 0 ? null : Number(cells[2]), Number(cells[3]), cells[4])).ToList();
        return new File(
            (int)Number(Header("version")), (int)Number(Header("year")), Header("source"), rows,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
    }

    private static decimal Number(string cell) => decimal.Parse(cell, System.Globalization.CultureInfo.InvariantCulture);
}
