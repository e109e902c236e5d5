using Microsoft.Extensions.Configuration;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.AppHost.Commands;

/// <summary><c>./run token ROLE …</c>: prints a bearer token of the local installation.</summary>
internal static class TokenCommand
{
    private const string Usage =
        "Usage: ./run token ROLE [--insurer ID | --physician RPPS | --patient ID] [--hours N] [--data DIR]\nRoles: patient, physician, agent, council, ops, "
            + "partner, service.";

    public static int Run(string[] args)
    {
        var options = new ConfigurationBuilder().AddCommandLine(args.Skip(1).ToArray()).Build();
        var role = args.FirstOrDefault() ?? "";
        if (!Access.Roles.Contains(role))
        {
            return Refuse(role.Length == 0 ? "Which role?" : $"There is no role '{role}'.");
        }

        string subject;
        var claims = new Dictionary<string, object>();
        switch (role)
        {
            case Access.Physician when Rpps.TryParse(options["physician"], out var rpps, out _):
                subject = "local-physician";
                claims["rpps"] = rpps.Value;
                break;
            case Access.Physician:
                return Refuse("A physician's token needs --physician RPPS (11 digits with a valid key).");
            case Access.Partner when Guid.TryParse(options["insurer"], out var insurer):
                subject = $"partner-{insurer}";
                claims["insurer_id"] = insurer.ToString();
                break;
            case Access.Partner:
                return Refuse("A partner's token needs --insurer ID (a UUID; GET /api/v1/insurers lists them).");
            case Access.Patient when options["patient"] is { } given && !Guid.TryParse(given, out _):
                return Refuse("--patient takes a UUID.");
            case Access.Patient:
                subject = options["patient"] ?? Guid.CreateVersion7().ToString();
                break;
            default:
                subject = $"local-{role}";
                break;
        }

        var hours = options.GetValue("hours", 12);
        var settings = LocalKeys.TokenSettings(Path.GetFullPath(options["data"] ?? RunOptions.DefaultDataFolder));
        Console.WriteLine(LocalTokens.Create(settings, role, subject, claims, TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(hours)));
        return 0;
    }

    private static int Refuse(string why)
    {
        Console.Error.WriteLine(why);
        Console.Error.WriteLine(Usage);
        return 2;
    }
}
