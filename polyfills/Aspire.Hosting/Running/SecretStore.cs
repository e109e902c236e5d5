using System.Text.Json;

namespace Aspire.Hosting.Running;

/// <summary>Generated passwords and keys, kept in the data folder, readable by the owner alone.</summary>
internal sealed class SecretStore(string path)
{
    private readonly Lock gate = new();

    public string GetOrAdd(string name, Func<string> create)
    {
        lock (gate)
        {
            var secrets = File.Exists(path)
                ? JsonSerializer.Deserialize<SortedDictionary<string, string>>(File.ReadAllBytes(path)) ?? []
                : [];
            if (secrets.TryGetValue(name, out var known))
            {
                return known;
            }

            var value = create();
            secrets[name] = value;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);

            // Written beside and renamed: a crash in between must not lose the passwords of existing data.
            var next = path + ".new";
            using (var file = new FileStream(next, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                JsonSerializer.Serialize(file, secrets);
                file.Flush(flushToDisk: true);
            }

            File.Move(next, path, overwrite: true);
            return value;
        }
    }
}
