using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Consents;
using SecondOpinion.Intake.Coverage;
using SecondOpinion.Intake.Delivery;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Encryption;
using SecondOpinion.Intake.Geography;
using SecondOpinion.Intake.Information;
using SecondOpinion.Intake.Matching;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.Reading;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Resilience;
using MassTransit;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("intake");
builder.AddDatabase("intake", typeof(Program).Assembly);
builder.AddMessaging("intake", bus =>
{
    bus.AddConsumer<MarkOffered>();
    bus.AddConsumer<MarkAssigned>();
    bus.AddConsumer<MarkEscalated>();
    bus.AddConsumer<MarkDelivered>();
});
builder.AddServiceClient<Eligibility.EligibilityClient>("billing");
builder.AddServiceClient<Opinions.OpinionsClient>("physician");
// Made here and not on first use: a missing key or folder stops the start.
builder.Services.AddSingleton(new Keyring(builder.Configuration));
builder.Services.AddSingleton(DocumentOptions.Read(builder.Configuration));
builder.Services.AddSingleton(PathologyCatalogue.Load());
builder.Services.AddSingleton(QuestionnaireBook.Load());
builder.Services.AddSingleton(Communes.Load());
builder.Services.AddSingleton<DocumentStore>();
builder.Services.AddSingleton<CoverageDesk>();
builder.Services.AddHostedService<SettleCoverage>();
builder.Services.AddHostedService<SweepOrphans>();
builder.Services.AddHostedService<RewrapKeys>();

var app = builder.Build();
app.UseServiceDefaults(Problems.All);
app.MapGrpcService<DossiersService>().AllowRoles([.. Access.Roles]);
var api = app.MapGroup("/api/v1");
GetPathology.Map(api);
GetQuestionnaire.Map(api);
OpenCase.Map(api);
ListCases.Map(api);
GetCase.Map(api);
ReadAnswers.Map(api);
SaveAnswers.Map(api);
SaveQuestions.Map(api);
ListConsentTexts.Map(api);
RecordConsent.Map(api);
UploadDocument.Map(api);
DownloadDocument.Map(api);
RemoveDocument.Map(api);
Confirmation.Map(api);
SubmitCase.Map(api);
WithdrawCase.Map(api);
AnswerInformationRequest.Map(api);
GetOpinion.Map(api);
DownloadOpinion.Map(api);
CloseCase.Map(api);
await app.RunService();

/// <summary>Named for the tests.</summary>
public partial class Program;
