using SecondOpinion.Contracts.Billing.V1;
using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Physician;
using SecondOpinion.Physician.Earnings;
using SecondOpinion.Physician.Files;
using SecondOpinion.Physician.Admission;
using SecondOpinion.Physician.Council;
using SecondOpinion.Physician.Register;
using SecondOpinion.Physician.Sharing;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.Physician.Writing;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Options;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Resilience;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("physician");
builder.UsePhysicianPseudonyms();
builder.AddDatabase("physician", typeof(Program).Assembly);
builder.AddMessaging("physician", handlers =>
{
    handlers.Add<KeepOffer>();
    handlers.Add<CloseOffer>();
    handlers.Add<DropDraft>();
    handlers.Add<KeepAssignment>();
    handlers.Add<KeepAnswer>();
    handlers.Add<KeepReminder>();
    handlers.Add<ForgetCase>();
    handlers.Add<WakeSharing>();
    handlers.Add<ForgetSharing>();
});
builder.AddServiceClient<Dossiers.DossiersClient>("intake");
builder.AddServiceClient<Sharing.SharingClient>("intake");
builder.AddServiceClient<Fees.FeesClient>("billing");

builder.AddCaseKeys();
builder.Services.AddSingleton<IntakeDossiers>();
builder.AddPhysicianRegister();
builder.AddSettings<CouncilSettings>();
builder.AddSettings<SampleDataSettings>();
builder.Services.AddHostedService<LoadSamplePhysicians>();
builder.Services.AddSingleton(new Fonts(builder.Configuration));
builder.Services.AddSingleton<OpinionPdf>();
builder.Services.AddSingleton(new PdfSeal(builder.AddSettings<SealSettings>(), TimeProvider.System));
builder.AddSharing();

var app = builder.Build();
app.UseServiceDefaults(Problems.All);
app.MapGrpcService<ServeOpinions>().AllowCalls(Opinions.Descriptor, new AllowedCalls("intake", "Get", "Download"));
app.MapGrpcService<ServeShares>().AllowCalls(Shares.Descriptor, new AllowedCalls("intake", "List"));
app.MapGrpcService<ServeRoster>().AllowCalls(Roster.Descriptor, new AllowedCalls("matching", "List"));

var api = app.MapGroup("/api/v1");
ListPhysicians.Map(api);
ShowCoverage.Map(api);
OpenApplication.Map(api);
ShowApplications.Map(api);
DeclareConflict.Map(api);
ReviewApplication.Map(api);
VoteOnApplication.Map(api);
DecideApplication.Map(api);
EditProfile.Map(api);
SuspendPhysician.Map(api);

// What a physician does: asked first whether the council has suspended them.
var own = api.MapGroup("").AddEndpointFilter(SuspendPhysician.Require).Refuses(Problems.Suspended);
DeclareTies.Map(api, own);
ChangeAvailability.Map(own);
ShowWorklist.Map(own);
AcceptOffer.Map(own);
DeclineOffer.Map(own);
ReadDossier.Map(own);
DownloadDocument.Map(own);
AskForInformation.Map(own);
ShowOpinion.Map(own);
SaveDraft.Map(own);
SignOpinion.Map(own);
ShowSharing.Map(own);
ShowStatement.Map(own);

await app.RunService();
