using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Intake;
using SecondOpinion.Intake.Cases;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Codes;
using SecondOpinion.Intake.Consents;
using SecondOpinion.Intake.Coverage;
using SecondOpinion.Intake.Delivery;
using SecondOpinion.Intake.Documents;
using SecondOpinion.Intake.Documents.Pictures;
using SecondOpinion.Intake.Documents.Uploads;
using SecondOpinion.Intake.Fhir;
using SecondOpinion.Intake.Geography;
using SecondOpinion.Intake.Information;
using SecondOpinion.Intake.Matching;
using SecondOpinion.Intake.Orientation;
using SecondOpinion.Intake.Orientation.FileRequests;
using SecondOpinion.Intake.Orientation.Letters;
using SecondOpinion.Intake.Overview;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.PhysicianAccess;
using SecondOpinion.Intake.Rights;
using SecondOpinion.Intake.Social;
using SecondOpinion.Intake.Submission;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Options;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Resilience;

if (args is [PictureChild.Verb, var mediaType])
{
    // Not the service: the process in which it has pictures decoded.
    return await PictureChild.Run(mediaType);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("intake");
builder.UsePhysicianPseudonyms();
builder.AddDatabase("intake", typeof(Program).Assembly);
builder.AddMessaging("intake", handlers =>
{
    handlers.Add<MarkOffered>();
    handlers.Add<MarkAssigned>();
    handlers.Add<MarkEscalated>();
    handlers.Add<MarkDelivered>();
});
builder.AddServiceClient<Eligibility.EligibilityClient>("billing");
builder.AddServiceClient<Opinions.OpinionsClient>("physician");
builder.AddCaseKeys();
builder.AddSettings<DocumentOptions>();
builder.AddSettings<CaseOptions>();
var catalogue = PathologyCatalogue.Load();
builder.Services.AddSingleton(catalogue);
builder.Services.AddSingleton(new PathologyIndex(catalogue.Pathologies));
builder.Services.AddSingleton(QuestionnaireBook.Load());
builder.Services.AddSingleton(Communes.Load());
builder.Services.AddSingleton(ContentBook.Load());
builder.Services.AddSingleton(new LetterPdf(new Fonts(builder.Configuration)));
builder.Services.AddSingleton<DocumentStore>();
builder.Services.AddSingleton<CoverageDesk>();
builder.Services.AddJob<SettleCoverage>();
builder.Services.AddHostedService<BindFolder>();
builder.Services.AddSingleton<PictureReader>();
builder.Services.AddSingleton<MalwareScan>();
builder.Services.AddSingleton<Admission>();
builder.Services.AddSingleton<UploadDesk>();
builder.Services.AddJob<SweepOrphans>();
builder.Services.AddJob<ExpireUploads>();
builder.Services.AddJob<ExpireDrafts>();

var app = builder.Build();
app.UseServiceDefaults(Problems.All);
app.MapGrpcService<DossiersService>().AllowCalls(
    Dossiers.Descriptor, new AllowedCalls("physician", "Get", "Download", "CheckAccess", "RequestInformation") { For = Access.Physician });
var api = app.MapGroup("/api/v1");
var open = OpenPages.Describe(api.MapGroup("").AddEndpointFilter(OpenPages.Cacheable));
ScreenEmergency.Map(open);
ShowPages.Map(open);
ShowStructures.Map(open);
ShowFigures.Map(open);
AdviseChannel.Map(open);
ListCodes.Map(open);
ComputeFileDeadlines.Map(api);
WriteLetter.Map(api);
SearchPathologies.Map(api);
GetPathology.Map(api);
GetQuestionnaire.Map(api);
ShowFhir.Map(api);
OpenCase.Map(api);
ListCases.Map(api);
GetCase.Map(api);
ReadAnswers.Map(api);
SaveAnswers.Map(api);
SaveQuestions.Map(api);
TellSocialFacts.Map(api);
ListConsentTexts.Map(api);
RecordConsent.Map(api);
UploadDocument.Map(api);
CreateUpload.Map(api);
AppendToUpload.Map(api);
DownloadDocument.Map(api);
ShowPreview.Map(api);
RemoveDocument.Map(api);
Confirmation.Map(api);
SubmitCase.Map(api);
WithdrawCase.Map(api);
AnswerInformationRequest.Map(api);
GetOpinion.Map(api);
DownloadOpinion.Map(api);
CloseCase.Map(api);
ShowAccesses.Map(api);
ExportCase.Map(api);
await app.RunService();
return 0;

/// <summary>Named for the tests.</summary>
public partial class Program;
