using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Rosters.Doors;

/// <summary>What a roster file looks like, from the tables that read it, and a file to begin with.</summary>
internal static class ShowRosterFormat
{
    /// <summary>A contract's code for a caller that has none yet.</summary>
    private const string AnyContract = "CONFORT";

    /// <summary>What a roster file looks like, and what is answered to one that does not.</summary>
    /// <param name="Kinds">Whole files and files of movements.</param>
    /// <param name="Columns">In the order of the sample; a file may have another one, and columns without a name are passed over.</param>
    /// <param name="Rules">About the file as a whole; French.</param>
    /// <param name="Rejects">Why a single line is not taken: the codes of the reject report.</param>
    /// <param name="Refusals">Why a whole file is not taken: <c>refusalCode</c> of an import.</param>
    internal sealed record RosterFileFormat(
        IReadOnlyList<RosterFileKind> Kinds, IReadOnlyList<RosterFileColumn> Columns, IReadOnlyList<string> Rules, IReadOnlyList<RosterFileCode> Rejects,
        IReadOnlyList<RosterFileCode> Refusals);

    /// <summary>A kind of roster file.</summary>
    /// <param name="Kind"><c>whole</c> or <c>delta</c>, as it is announced.</param>
    /// <param name="Text">What it does; French.</param>
    /// <param name="Sample">Where a file of this kind is downloaded, e.g. <c>/api/v1/rosters/format/whole</c>.</param>
    internal sealed record RosterFileKind(string Kind, string Text, string Sample);

    /// <summary>A column.</summary>
    /// <param name="Name">As the first line names it; capitals, accents and blanks do not matter, e.g. <c>numero_adherent</c>.</param>
    /// <param name="Required">A file without it is refused; <c>operation</c> in files of movements only.</param>
    /// <param name="Form">What may stand in it; French.</param>
    /// <param name="Example">A value that would be taken; empty when empty is usual.</param>
    internal sealed record RosterFileColumn(string Name, bool Required, string Form, string Example);

    /// <summary>A code with its sentence.</summary>
    /// <param name="Code">Stable, e.g. <c>invalid_date</c>.</param>
    /// <param name="Text">What is wrong and the way out; French.</param>
    internal sealed record RosterFileCode(string Code, string Text);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/rosters/format", Show).AllowRoles(Roles.Partner, Roles.Ops)
            .WithName("ShowRosterFormat").WithSummary("What a roster file looks like")
            .WithDescription("Columns, encodings, separators, and every reason for which a line or a file is not taken.");
        api.MapGet("/rosters/format/{kind}", Sample).AllowRoles(Roles.Partner, Roles.Ops)
            .GivesFile("text/csv")
            .WithName("DownloadRosterSample").WithSummary("A roster file to begin with")
            .WithDescription("CSV in UTF-8 with its mark, so that Excel opens it right; everyone in it is fictitious. It names a contract of the caller's.");
    }

    private static Ok<RosterFileFormat> Show() => TypedResults.Ok(new RosterFileFormat(
        [.. Words.All<RosterKind>().Select(kind => new RosterFileKind(kind, Sentence(kind), $"/api/v1/rosters/format/{kind}"))],
        [.. RosterFormat.All.Select(c => new RosterFileColumn(c.Name, c.IsRequired, c.Form, c.Example))],
        [
            "Une ligne par personne ; la première ligne remplie nomme les colonnes, chacune une fois, dans l'ordre de votre choix.",
            "UTF-8 (avec ou sans marque), UTF-16 ou Windows-1252 ; séparateur point-virgule, virgule ou tabulation ; fins de ligne CR, LF ou CRLF.",
            "Le fichier peut être compressé par gzip. Annoncez la taille exacte, en octets, du fichier tel qu'il est envoyé.",
            "Les lignes vides d'un tableur sont ignorées et comptées à part. Une personne figure une fois : même numéro, même date, même rang.",
            "Dans Excel, donnez le format Texte aux colonnes de numéros avant de les remplir, puis enregistrez en « CSV UTF-8 ».",
        ],
        [.. RejectCodes.All.Select(c => new RosterFileCode(c.Key, c.Value))],
        [.. RosterRefusals.All.Select(c => new RosterFileCode(c.Key, c.Value))]));

    /// <param name="kind"><c>whole</c> or <c>delta</c>.</param>
    /// <returns>The sample file.</returns>
    private static Results<FileContentHttpResult, Problem> Sample(string kind, ClaimsPrincipal user, InsurerDirectory insurers)
    {
        if (!Words.TryRead<RosterKind>(kind, out var wanted))
        {
            return CommonProblems.Absent();
        }

        var insurer = user.Role() == Roles.Partner ? insurers.ById(user.InsurerId()) : null;
        var contract = insurer?.Contracts.Values.OrderBy(c => c.Number).FirstOrDefault()?.Code ?? AnyContract;
        return TypedResults.File(
            [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Text(wanted, contract))], "text/csv; charset=utf-8",
            wanted == RosterKind.Delta ? "exemple-mouvements.csv" : "exemple-complet.csv");
    }

    /// <summary>A family: the member, the member's partner, twins; in a delta one of them leaves.</summary>
    internal static string Text(RosterKind kind, string contract)
    {
        var columns = RosterFormat.All.Where(c => kind == RosterKind.Delta || c.Name != RosterFormat.Operation).ToList();
        var example = RosterFormat.All.ToDictionary(c => c.Name, c => c.Example);
        (string Relation, string BirthDate, string Rank, string Operation)[] people =
        [
            ("A", example[RosterFormat.BirthDate], "1", "A"), ("C", "1982-11-03", "", "S"), ("E", "2015-06-21", "1", "A"), ("E", "2015-06-21", "2", "A"),
        ];
        var text = new StringBuilder().AppendJoin(';', columns.Select(c => c.Name)).Append("\r\n");
        foreach (var (relation, birthDate, rank, operation) in people)
        {
            text.AppendJoin(';', columns.Select(c => c.Name switch
            {
                RosterFormat.Relation => relation,
                RosterFormat.BirthDate => birthDate,
                RosterFormat.Rank => rank,
                RosterFormat.Operation => operation,
                RosterFormat.ContractCode => contract,
                _ => example[c.Name],
            })).Append("\r\n");
        }

        return text.ToString();
    }

    private static string Sentence(string kind) => kind == RosterKind.Delta.Word()
        ? "Fichier de mouvements : chaque ligne ajoute, remplace ou supprime une personne ; les autres restent. Jamais le premier envoi."
        : "Fichier complet : il remplace le précédent. Bien plus petit que lui, il attend l'accord de notre équipe.";
}
