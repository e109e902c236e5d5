using System.Globalization;
using Npgsql;

namespace SecondOpinion.Servers;

/// <summary>
/// The backup of a folder of documents. Documents are sealed files that are written once and named by the rows that come after them: a copy that only ever
/// gains files holds whatever a row named when the copy began. That moment is a restore point in the databases' WAL, so that both go back to the same one.
/// </summary>
/// <param name="target">Folder of the copy.</param>
public sealed class DocumentCopy(string target)
{
    private const string Unfinished = ".part";
    private readonly List<RestorePoint> _points = [];

    /// <summary>Marks the moment, then copies what is new; files that lack their end yet are copied again the next time.</summary>
    /// <param name="source">The service's folder.</param>
    /// <param name="server">The server's superuser.</param>
    public async Task<RestorePoint> Take(string source, NpgsqlConnection server, CancellationToken cancel)
    {
        var now = TimeProvider.System.GetUtcNow();
        var name = $"documents-{now.ToString("yyyyMMdd'T'HHmmss.fff", CultureInfo.InvariantCulture)}";
        await using var mark = new NpgsqlCommand("select pg_walfile_name(pg_create_restore_point($1)), clock_timestamp()", server);
        mark.Parameters.AddWithValue(name);
        RestorePoint point;
        await using (var row = await mark.ExecuteReaderAsync(cancel))
        {
            await row.ReadAsync(cancel);
            point = new RestorePoint(name, row.GetFieldValue<DateTimeOffset>(1), row.GetString(0));
        }

        Copy(source, target);
        lock (_points)
        {
            _points.Add(point);
        }

        return point;
    }

    /// <summary>The last moment whose documents and whose WAL are both in the backup.</summary>
    public RestorePoint? Last(BackupPlace backups)
    {
        lock (_points)
        {
            return _points.LastOrDefault(backups.Holds);
        }
    }

    /// <summary>Makes an empty folder what the source was; what the source renamed since comes back under its first name, which the older rows know.</summary>
    public void Restore(string folder)
    {
        Copy(target, folder);
        foreach (var renamed in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToList()
            .Where(file => File.Exists(Path.ChangeExtension(file, null))))
        {
            File.Delete(renamed);
        }
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in new DirectoryInfo(from).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            var copy = new FileInfo(Path.Combine(to, Path.GetRelativePath(from, file.FullName)));
            if (file.Extension is Unfinished or ".lock" || (copy.Exists && copy.Length == file.Length))
            {
                continue;
            }

            copy.Directory!.Create();
            try
            {
                File.Copy(file.FullName, copy.FullName + Unfinished, overwrite: true);
                File.Move(copy.FullName + Unfinished, copy.FullName, overwrite: true);
            }
            catch (FileNotFoundException)
            {
                // Removed or renamed while the folder was read: no row of this moment names it.
                continue;
            }
        }
    }
}
