using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Gateway.Routing;

/// <summary>How large a body may be, and whether it is read before it is passed on.</summary>
internal enum Body
{
    /// <summary>Read whole first (1 MB): a service never waits for a slow client, and never sees what is too large.</summary>
    Json,

    /// <summary>One medical document, streamed.</summary>
    Document,

    /// <summary>A piece of a large medical document, streamed; the service knows how much is still to come.</summary>
    Piece,

    /// <summary>An insurer's list of beneficiaries, streamed.</summary>
    Roster,
}

/// <param name="Path">Below <c>/api/v1</c>: it and all below it; with a method, exactly it.</param>
/// <param name="Service">Who answers.</param>
/// <param name="Roles">Whose tokens pass. The service checks again, and more closely.</param>
/// <param name="Public">Callers without a token pass too; a token of another role does not.</param>
/// <param name="Body">Size limit.</param>
/// <param name="Method">Only this method; null for all.</param>
/// <param name="Cached">Its pages are about nobody: kept here for some minutes, and outside every quota.</param>
internal sealed record EdgeRoute(string Path, string Service, IReadOnlyList<string> Roles, bool Public = false, Body Body = Body.Json, string? Method = null,
    bool Cached = false)
{
    public string Id => $"{Method ?? "any"} {Path}";

    /// <summary>Name of its authorization policy.</summary>
    public string Policy => $"edge {Id}";
}

/// <summary>
/// The whole public API: which prefix goes where, and who may even try. What is not here does not exist. An insurer's token (<c>partner</c>) reaches
/// eligibility, insurers, rosters, coverage, its invoices, events and webhooks, and nothing clinical; a service's own token reaches nothing from outside.
/// </summary>
internal static class Routes
{
    public const string Api = "/api/v1";

    private static readonly string[] Insured = [Roles.Patient, Roles.Agent, Roles.Partner, Roles.Ops];
    private static readonly string[] Insurers = [Roles.Partner, Roles.Ops];
    private static readonly string[] Files = [Roles.Patient, Roles.Physician, Roles.Agent, Roles.Ops];
    private static readonly string[] Readers = [Roles.Patient, Roles.Physician, Roles.Agent, Roles.Council, Roles.Ops];
    private static readonly string[] Oversight = [Roles.Council, Roles.Ops];

    public static readonly IReadOnlyList<EdgeRoute> All =
    [
        new("/eligibility", "billing", Insured),
        new("/insurers", "billing", Insured),
        new("/rosters", "billing", Insurers),
        new("/rosters/{importId}/content", "billing", Insurers, Body: Body.Roster, Method: "PATCH"),
        new("/coverage", "billing", Insurers),
        new("/ledger", "billing", [Roles.Ops]),
        new("/invoices", "billing", Insurers),
        new("/fees", "billing", [Roles.Ops]),
        new("/payments", "billing", Insurers),
        new("/fund", "billing", [Roles.Agent, Roles.Ops]),
        new("/self-payments", "billing", [Roles.Patient, Roles.Agent, Roles.Ops]),
        new("/events", "billing", [Roles.Partner]),
        new("/webhooks", "billing", Insurers),

        new("/codes", "intake", Readers, Public: true, Cached: true),
        new("/pathologies", "intake", Readers, Public: true),
        new("/orientation", "intake", Readers, Public: true, Cached: true),
        new("/questionnaires", "intake", Readers, Public: true),
        new("/cases", "intake", Files),
        new("/retention", "intake", [Roles.Ops]),
        new("/cases/{caseId}/documents", "intake", Files, Body: Body.Document, Method: "POST"),
        new("/cases/{caseId}/uploads", "intake", Files, Body: Body.Piece, Method: "POST"),
        new("/cases/{caseId}/uploads/{uploadId}", "intake", Files, Body: Body.Piece, Method: "PATCH"),

        new("/matching", "matching", Oversight),

        new("/physicians", "physician", [Roles.Physician, .. Oversight]),
        new("/worklist", "physician", [Roles.Physician]),

        new("/reports", "reporting", Oversight),
        new("/surveys", "reporting", Readers, Public: true),
    ];

    public static readonly IReadOnlyList<string> Services = [.. All.Select(r => r.Service).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Whether a path of a service's own description is open to the world.</summary>
    public static bool IsPublished(string service, string path) =>
        All.Any(r => r.Service == service && (path == Api + r.Path || path.StartsWith($"{Api}{r.Path}/", StringComparison.OrdinalIgnoreCase)));
}
