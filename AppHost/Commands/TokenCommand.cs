using Microsoft.Extensions.Configuration;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Servers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.AppHost.Commands;

/// <summary><c>./run token ROLE …</c>: prints a bearer token of the running local installation, given by its issuer.</summary>
internal static class TokenCommand
{
    private const string Usage =
        "Usage: ./run token ROLE [--insurer ID | --physician RPPS | --patient ID | --service NAME --for NAME] [--hours N] [--data DIR]"
            + "\nRoles: patient, physician, agent, council, ops, partner, service.";

    public static async Task<int> Run(string[] args)
    {
        var options = new ConfigurationBuilder().AddCommandLine(args.Skip(1).ToArray()).Build();
        var role = args.FirstOrDefault() ?? "";
        if (!Roles.All.Contains(role))
        {
            return Refuse(role.Length == 0 ? "Which role?" : $"There is no role '{role}'.");
        }

        string subject;
        var claims = new List<(string, object)>();
        var data = Path.GetFullPath(options["data"] ?? RunOptions.DefaultDataFolder);
        switch (role)
        {
            case Roles.Physician when Rpps.TryParse(options["physician"], out var rpps, out _):
                subject = "local-physician";
                claims.Add(("rpps", rpps.Value));
                break;
            case Roles.Physician:
                return Refuse("A physician's token needs --physician RPPS (11 digits with a valid key).");
            case Roles.Partner when Guid.TryParse(options["insurer"], out var insurer):
                subject = $"partner-{insurer}";
                claims.Add(("insurer_id", insurer));
                break;
            case Roles.Partner:
                return Refuse("A partner's token needs --insurer ID (a UUID; GET /api/v1/insurers lists them).");
            case Roles.Patient when options["patient"] is { } given && !Guid.TryParse(given, out _):
                return Refuse("--patient takes a UUID.");
            case Roles.Patient:
                subject = options["patient"] ?? Guid.CreateVersion7().ToString();
                break;
            case Roles.Service when options["service"] is { } caller && options["for"] is { } callee:
                return await Print(data, identity => identity.ServiceToken(caller, callee));
            case Roles.Service:
                return Refuse("A service's token needs --service NAME --for NAME: who calls whom, e.g. --service intake --for billing.");
            default:
                subject = $"local-{role}";
                break;
        }

        var hours = options.GetValue("hours", 12);
        return await Print(data, identity => identity.Token(role, subject, TimeSpan.FromHours(hours), [.. claims]));
    }

    private static async Task<int> Print(string data, Func<LocalIdentity, Task<string>> ask)
    {
        try
        {
            using var identity = LocalIdentity.Of(data);
            Console.WriteLine(await ask(identity));
            return 0;
        }
        catch (CannotStartException reason)
        {
            Console.Error.WriteLine(reason.Message);
            return 1;
        }
    }

    private static int Refuse(string why)
    {
        Console.Error.WriteLine(why);
        Console.Error.WriteLine(Usage);
        return 2;
    }
}
