using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.Servers;

internal sealed record ServerAccount(string Name, uint UserId, uint GroupId);

/// <summary>
/// The folder and the account of a private server. PostgreSQL refuses to run as root, so when the host is root (containers, CI) the servers get
/// an account that their package made, or <c>nobody</c>.
/// </summary>
internal sealed partial record ServerFolder(string Path, ServerAccount? Account)
{
    public static ServerFolder Open(string dataFolder, string name, string preferredAccount)
    {
        var path = System.IO.Path.Combine(dataFolder, name);
        if (geteuid() != 0)
        {
            Create(path, null);
            return new ServerFolder(path, null);
        }

        // The data folder is the host's own; the account must be able to pass through it to its part, not to read it.
        Directory.CreateDirectory(dataFolder);
        File.SetUnixFileMode(dataFolder, File.GetUnixFileMode(dataFolder) | UnixFileMode.OtherExecute);
        var account = Find(preferredAccount) ?? Find("nobody") ?? throw new CannotStartException(
            $"The host runs as root and there is neither an account {preferredAccount} nor nobody to run the server as.");
        if (Blocking(dataFolder) is { } closed)
        {
            // Such as /root, which no other account may enter. The data then lie where it can, under a name made from the wanted place.
            var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataFolder)))[..12];
            path = $"/var/tmp/secondopinion-{key}/{name}";
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.WriteAllText(
                System.IO.Path.Combine(dataFolder, name + ".moved"), $"{path}\nbecause the account {account.Name} may not enter {closed}\n");
        }

        Create(path, account);
        return new ServerFolder(path, account);
    }

    /// <summary>Writes a file that only the server may read.</summary>
    public void Write(string name, string content)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.Delete(path);
        using (var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(Encoding.UTF8.GetBytes(content));
        }

        Own(path);
    }

    public string Subfolder(string name)
    {
        var path = System.IO.Path.Combine(Path, name);
        Create(path, Account);
        return path;
    }

    /// <summary>Runs a program to its end as the server's account; when cancelled, it is ended with all it started.</summary>
    /// <exception cref="CannotStartException">It failed; the message holds what it said.</exception>
    public async Task Run(string program, IEnumerable<string> arguments, CancellationToken cancellationToken, string input = "")
    {
        IEnumerable<string> command = Account is { } account
            ? ["setpriv", $"--reuid={account.UserId}", $"--regid={account.GroupId}", "--init-groups", "--", program, .. arguments]
            : [program, .. arguments];
        var start = new ProcessStartInfo(command.First(), command.Skip(1))
        {
            WorkingDirectory = Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var said = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        finally
        {
            // Both close when the last process that holds them has ended.
            await Task.WhenAll(output, said);
        }

        var errors = await said;
        if (process.ExitCode != 0)
        {
            throw new CannotStartException($"{System.IO.Path.GetFileName(program)} failed: {errors.ReplaceLineEndings(" ").Trim()}");
        }
    }

    private void Own(string path)
    {
        if (Account is { } account && chown(path, account.UserId, account.GroupId) != 0)
        {
            throw new CannotStartException($"{path} could not be given to the account {account.Name}.");
        }
    }

    private static void Create(string path, ServerAccount? account)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        new ServerFolder(path, account).Own(path);
    }

    /// <summary>The first folder on the way that other accounts may not enter.</summary>
    private static string? Blocking(string path)
    {
        for (var folder = new DirectoryInfo(path); folder is not null; folder = folder.Parent)
        {
            if (folder.Exists && !folder.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
            {
                return folder.FullName;
            }
        }

        return null;
    }

    private static ServerAccount? Find(string name) => File.ReadLines("/etc/passwd")
        .Select(line => line.Split(':'))
        .Where(fields => fields.Length > 3 && fields[0] == name)
        .Select(fields => new ServerAccount(name, uint.Parse(fields[2], CultureInfo.InvariantCulture), uint.Parse(fields[3], CultureInfo.InvariantCulture)))
        .FirstOrDefault();

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint owner, uint group);
}
