using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Contracts.Matching;
using SecondOpinion.Physician.Sharing;
using SecondOpinion.Physician.Sharing.Receipts;
using SecondOpinion.Tests.Support;

namespace SecondOpinion.Tests.Physician.Sharing;

/// <summary>The physician service with an operator's SMTP server over TLS, its mailbox, a directory of mailboxes, and a clock that the test moves.</summary>
public sealed class SharingPost : IAsyncLifetime
{
    public static readonly Rpps Treating = Rpps.WithKey("9900000303");
    public static readonly Rpps Unlisted = Rpps.WithKey("9900000304");
    public static readonly Rpps Refused = Rpps.WithKey("9900000305");

    private readonly string _folder = Directory.CreateTempSubdirectory("sharing-tests-").FullName;
    private readonly X509Certificate2 _certificate = TestCertificate.Server();

    public SharingPost()
    {
        Operator = new TestMailServer(_certificate) { Password = "only for tests" };
        Mailbox = new ImapServer(_certificate);
        Physician = new PhysicianService { Time = new ManualTime(TimeProvider.System.GetUtcNow()) };
    }

    public PhysicianService Physician { get; }

    public TestMailServer Operator { get; }

    public ImapServer Mailbox { get; }

    public ManualTime Time => Physician.Time!;

    private SendOpinions Sender => Physician.Service.Services.GetRequiredService<SendOpinions>();

    private ReadReceipts Reader => Physician.Service.Services.GetRequiredService<ReadReceipts>();

    public async ValueTask InitializeAsync()
    {
        var roots = Path.Combine(_folder, "roots.pem");
        await File.WriteAllTextAsync(roots, _certificate.ExportCertificatePem());
        var mailboxes = Path.Combine(_folder, "mailboxes.txt");
        await File.WriteAllTextAsync(mailboxes,
            $"""
            Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Nom d'exercice|Prénom d'exercice
            CAB|cabinet@exemple.mssante.example|8|{Treating.Value}|MODÈLE|Sacha
            PER|sacha.modele@exemple.mssante.example|8|{Treating.Value}|MODÈLE|Sacha
            PER|refuse@exemple.mssante.example|8|{Refused.Value}|REFUS|Andrea

            """);
        foreach (var (name, value) in new Dictionary<string, string?>
        {
            ["Host"] = "localhost",
            ["Port"] = Operator.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["From"] = "SecondOpinion <avis@secondopinion.mssante.example>",
            ["TrustedCertificates"] = roots,
            ["MailboxFile"] = mailboxes,
            ["Organization"] = "SecondOpinion (fictif)",
            ["OrganizationId"] = "1990000017",
            ["SourceId"] = "1.2.250.1.999.1",
            ["ProductReference"] = "NIL-FICTIF-0001",
            ["User"] = "avis",
            ["Password"] = "only for tests",
            ["ImapHost"] = "localhost",
            ["ImapPort"] = Mailbox.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            // The test says when.
            ["LookEvery"] = "1.00:00:00",
            ["ReceiptsEvery"] = "1.00:00:00",
        })
        {
            Physician.Settings[$"MsSante:{name}"] = value;
        }

        await Physician.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Physician.DisposeAsync();
        await Operator.DisposeAsync();
        await Mailbox.DisposeAsync();
        _certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public Task Send() => Sender.Send(TestContext.Current.CancellationToken);

    public Task ReadReceipts() => Reader.Read(TestContext.Current.CancellationToken);

    /// <summary>A signed opinion; its patient agrees unless told otherwise.</summary>
    public async Task<CaseOffered> Signed(bool agreed = true)
    {
        var offer = await Physician.AssignedCase(Physician.Alix, PhysicianService.SampleQuestions());
        await Sign(offer, "\"v0\"");
        if (agreed)
        {
            Agree(offer);
        }

        return offer;
    }

    public async Task Sign(CaseOffered offer, string etag)
    {
        using var saved = await PhysicianService.Put(
            Physician.As(Physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion", PhysicianService.SampleOpinion(), etag);
        saved.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var signed = await PhysicianService.Post(Physician.As(Physician.Alix), $"/worklist/cases/{offer.CaseId}/opinion/sign");
        signed.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    public void Agree(CaseOffered offer, Rpps? recipient = null) => Physician.Intake.Recipients[offer.CaseId] = new FindRecipientReply
    {
        Rpps = (recipient ?? Treating).Value,
        Name = "Dr Modèle",
        LegalRegime = "teleconseil_personnalise",
        Patient = Patient(),
    };

    public static QualifiedIdentity Patient() => new()
    {
        BirthName = "EXEMPLE-CHÂTEAU",
        GivenNames = { "Zoé", "Jeanne" },
        Sex = "F",
        BirthDate = "1979-03-28",
        BirthPlaceCode = "51215",
        Matricule = "279035121518989",
        Oid = "1.2.250.1.213.1.4.10",
    };

    /// <summary>The newest version of the case as its row stands.</summary>
    public async Task<(string State, string? Reason, int Attempts)> Row(CaseOffered offer, int version = 1)
    {
        var id = new { offer.CaseId, version };
        return (await Physician.Scalar<string>("select state from opinion_share where case_id = @CaseId and version = @version", id),
            await Physician.Scalar<string?>("select reason from opinion_share where case_id = @CaseId and version = @version", id),
            await Physician.Scalar<int>("select attempts from opinion_share where case_id = @CaseId and version = @version", id));
    }

    public Task<Guid> ShareId(CaseOffered offer) => Physician.Scalar<Guid>("select share_id from opinion_share where case_id = @CaseId", new { offer.CaseId });
}
