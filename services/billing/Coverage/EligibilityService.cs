using System.Globalization;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Billing.Coverage;

/// <summary>The gRPC door, for the other services.</summary>
internal sealed class EligibilityService(
    EligibilityAnswers answers, ReserveCoverage reserve, IEnumerable<IOtherPayer> others, CheckLimits limits, BoundAccounts accounts, CheckCounts counts,
    TimeProvider time)
    : Contracts.Billing.V1.Eligibility.EligibilityBase
{
    /// <summary>Questions of one stream that are looked up at one time: enough to fill batches, few enough to keep memory flat.</summary>
    private const int InFlight = 1024;

    public override async Task<CheckReply> Check(CheckRequest request, ServerCallContext context)
    {
        var caller = Client.Of(context.GetHttpContext().User);
        Take(caller, request);
        return await Answer(request, Parse(request), caller, context.CancellationToken);
    }

    public override async Task CheckMany(
        IAsyncStreamReader<CheckRequest> requestStream, IServerStreamWriter<CheckReply> responseStream, ServerCallContext context)
    {
        var caller = Client.Of(context.GetHttpContext().User);
        var answered = Channel.CreateBounded<Task<CheckReply>>(InFlight);
        var reading = Read();
        await foreach (var reply in answered.Reader.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(await reply, context.CancellationToken);
        }

        await reading;

        async Task Read()
        {
            try
            {
                await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
                {
                    Take(caller, request);
                    // One bad question spoils its own answer, not the stream.
                    var reply = Question.TryParse(Raw(request), FrenchTime.Day(time.GetUtcNow()), out var question, out _)
                        ? Answer(request, question!, caller, context.CancellationToken)
                        : Task.FromResult(Reply(request, new Answer(Decision.Refuse(Refusal.InvalidQuestion), null, null, "", null, time.GetUtcNow())));
                    await answered.Writer.WriteAsync(reply, context.CancellationToken);
                }

                answered.Writer.Complete();
            }
            catch (Exception exception)
            {
                answered.Writer.Complete(exception);
            }
        }
    }

    public override async Task<ReserveReply> Reserve(ReserveRequest request, ServerCallContext context)
    {
        var caseId = CaseId(request.CaseId);
        var asked = request.Person ?? new CheckRequest();
        var question = Parse(asked);
        // A reservation answers like a check, so that it is limited like one.
        var outcome = await Reserve(caseId, asked, question, answer => Watch(asked, question, answer, context.CancellationToken), context.CancellationToken);
        return new ReserveReply
        {
            Reserved = outcome.RefusalCode.Length == 0,
            InsurerId = outcome.InsurerId?.ToString() ?? "",
            EngagementNumber = outcome.EngagementNumber,
            ExpiresAt = outcome.ExpiresAt is { } expiry ? Timestamp.FromDateTimeOffset(expiry) : null,
            RefusalCode = outcome.RefusalCode,
            RefusalText = Refusal.Text(outcome.RefusalCode),
        };
    }

    private async Task<ReserveCoverage.Outcome> Reserve(
        Guid caseId, CheckRequest asked, Question question, Func<Answer, Task> watch, CancellationToken cancel)
    {
        if (Other(question) is not { } payer)
        {
            return await reserve.Reserve(caseId, question, watch, cancel);
        }

        await watch(await payer.Ask(question, Account(asked), cancel));
        var outcome = await payer.Reserve(caseId, question, Account(asked), cancel);
        if (outcome.RefusalCode.Length > 0)
        {
            await reserve.TellRefusal(caseId, outcome.RefusalCode, cancel);
        }

        return outcome;
    }

    private async Task<CheckReply> Answer(CheckRequest request, Question question, Client caller, CancellationToken cancel)
    {
        var answer = Other(question) is { } payer ? await payer.Ask(question, Account(request), cancel) : await answers.Ask(question, cancel);
        await Watch(request, question, answer, cancel);
        counts.Count(caller, answer);
        return Reply(request, answer);
    }

    /// <summary>Limits follow the service and the person at its screen.</summary>
    private void Take(Client caller, CheckRequest request)
    {
        if ((limits.Take(caller) ?? (Person(request) is { } person ? limits.Take(person) : null)) is { } tooOften)
        {
            throw tooOften.AsException();
        }
    }

    /// <summary>Misses count for the person at the screen, families for the patient's account; not for the service that passes the question
    /// on.</summary>
    private async Task Watch(CheckRequest request, Question question, Answer answer, CancellationToken cancel)
    {
        if (Person(request) is { } person && !answer.Decision.Recognised)
        {
            limits.CountMiss(person);
        }

        if (request.Account.Length == 0)
        {
            return;
        }

        if (await accounts.Refusal(Account(request), question, answer, cancel) is { } others)
        {
            throw others.AsException();
        }
    }

    private IOtherPayer? Other(Question question) => others.FirstOrDefault(o => o.Amc == question.Amc);

    /// <returns>All zeros when none is named: nobody's.</returns>
    private static Guid Account(CheckRequest request) => request.Account.Length == 0 ? Guid.Empty
        : Guid.TryParse(request.Account, out var account) ? account
        : throw CommonProblems.Invalid(new FieldError("#/account", "invalid_id", "Cet identifiant de compte n'est pas valable.")).AsException();

    private static Client? Person(CheckRequest request) => (request.SubjectRole, request.Subject) switch
    {
        ("", "") => null,
        (Roles.Patient or Roles.Agent or Roles.Physician, { Length: > 0 }) => new Client(request.SubjectRole, request.Subject),
        _ => throw CommonProblems.Invalid(new FieldError("#/subjectRole", "unknown_code", "Ce rôle n'interroge pas les droits.")).AsException(),
    };

    private Question Parse(CheckRequest request) => Question.TryParse(Raw(request), FrenchTime.Day(time.GetUtcNow()), out var question, out var errors)
        ? question!
        : throw CommonProblems.Invalid(errors).AsException();

    private static RawQuestion Raw(CheckRequest request) => new(
        request.AmcNumber, request.MemberNumber, request.BirthDate, request.BirthRank == 0 ? 1 : request.BirthRank, request.HolderNir, request.ServiceDate);

    private static CheckReply Reply(CheckRequest request, Answer answer)
    {
        var decision = answer.Decision;
        return new CheckReply
        {
            Reference = request.Reference,
            Recognised = decision.Recognised,
            Covered = decision.Covered,
            ServiceIncluded = decision.ServiceIncluded,
            CoveredFrom = Iso(decision.From),
            CoveredTo = Iso(decision.To),
            RemainingUses = decision.RemainingUses,
            RefusalCode = decision.Code,
            RefusalText = Refusal.Text(decision.Code),
            EngagementNumber = answer.EngagementNumber,
            EngagementExpiresAt = answer.EngagementExpiresAt is { } expiry ? Timestamp.FromDateTimeOffset(expiry) : null,
            AskedAt = Timestamp.FromDateTimeOffset(answer.AskedAt),
            RosterVersion = answer.RosterVersion,
            InsurerId = answer.Insurer?.Id.ToString() ?? "",
            InsurerName = answer.Payer ?? answer.Insurer?.Name ?? "",
        };
    }

    private static string Iso(DateOnly? date) => date?.ToString("O", CultureInfo.InvariantCulture) ?? "";

    private static Guid CaseId(string text) => Guid.TryParse(text, out var id)
        ? id
        : throw CommonProblems.Invalid(new FieldError("#/caseId", "invalid_id", "L'identifiant du dossier n'est pas valable.")).AsException();
}
