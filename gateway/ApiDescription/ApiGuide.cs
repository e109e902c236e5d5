using SecondOpinion.Gateway.Routing;
using SecondOpinion.ServiceDefaults.Access;

namespace SecondOpinion.Gateway.ApiDescription;

/// <summary>What the author of a client must know before the first request, in Markdown; it stands at the top of the API description.</summary>
internal static class ApiGuide
{
    public static readonly string Tokens =
        $"""
        A JWT (`typ` `at+jwt`) in `Authorization: Bearer …`, from the OpenID Connect issuer of this installation, whose discovery document
        (`/.well-known/openid-configuration` at the issuer's address, which support names) says where to ask. People sign in there (authorization code with
        PKCE, then refresh tokens); a partner's program asks the token endpoint with `grant_type=client_credentials` and the client id and secret that the
        operators gave it. A token lives for minutes: ask for the next one when a `401` says that it has expired. On a developer's
        machine `./run token ROLE` prints one.

        | claim | of | is |
        |---|---|---|
        | `role` (or in `realm_access.roles`, `resource_access`) | everybody | exactly one of {string.Join(", ", Roles.All.Select(r => $"`{r}`"))} |
        | `sub` | everybody | the account, never a name; of a patient a UUID |
        | `insurer_id` | `partner` | the insurer's UUID: the only one that it reads or writes |
        | `rpps` | `physician` | the RPPS number, 11 digits, that the scientific council has admitted |
        | `iss`, `aud`, `exp` | everybody | the issuer, this API among others, the end |
        """;

    public static readonly string Text =
        $"""
        Online second medical opinion: from eligibility to the delivered opinion.

        **Tokens.** See the security scheme `bearer`: how to get one, and its claims. Each operation names the roles that it takes.

        **Refusals** are problems (RFC 9457): `type` resolves to a page with cause, example and remedy; decide by `code`, show `detail`. French by default,
        English by `Accept-Language: en`. `errors` points to the members at fault.

        **Writing.** A POST that creates something or moves money takes an `Idempotency-Key`: a new one for each attempt of a user, the same one when it is
        retried. A PUT or DELETE takes `If-Match` with the `ETag` of what was read, quotes included.

        **Codes** are listed by `{Routes.Api}/codes` (document types, sexes, authorities, social facts, states and moves of a case), by the questionnaires and
        by the catalogue of diseases; those of rosters by `{Routes.Api}/rosters/format`.

        **The order of a case**: AnswerEmergencyScreen, SearchPathologies, OpenCase, GetQuestionnaire twice (`general`, whose version is the case's
        `generalVersion`, and the one that the case names), SaveAnswers with the answers of both in one object, SaveQuestions, RecordConsent, UploadDocument,
        SubmitCase; GetCase tells what is missing and what the caller can ask for now.

        Every answer carries `Request-Id` (the trace id that support asks for), `RateLimit-Policy` and `RateLimit`. A date is `2026-11-30`; a moment has its
        offset. Lists are read page by page: `next` of one is `after` of the following one.
        """;
}
