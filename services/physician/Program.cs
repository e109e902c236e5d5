using SecondOpinion.Contracts.Intake.V1;
using SecondOpinion.Physician;
using SecondOpinion.Physician.Files;
using SecondOpinion.Physician.Referents;
using SecondOpinion.Physician.Worklist;
using SecondOpinion.Physician.Writing;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Pdf;
using SecondOpinion.ServiceDefaults.Resilience;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("physician");
builder.AddDatabase("physician", typeof(Program).Assembly);
builder.AddMessaging("physician", handlers =>
{
    handlers.Add<KeepOffer>();
    handlers.Add<CloseOffer>();
    handlers.Add<KeepAssignment>();
    handlers.Add<KeepAnswer>();
});
builder.AddServiceClient<Dossiers.DossiersClient>("intake");

builder.AddCaseKeys();
builder.Services.AddSingleton<IntakeFile>();
builder.Services.AddHostedService<LoadSampleReferents>();
builder.Services.AddSingleton(new Fonts(builder.Configuration));
builder.Services.AddSingleton<OpinionPdf>();

var app = builder.Build();
app.UseServiceDefaults(Problems.All);
app.MapGrpcService<ServeOpinions>().AllowRoles(Access.Service);
app.MapGrpcService<ServeRoster>().AllowRoles(Access.Service);

var api = app.MapGroup("/api/v1");
ListPhysicians.Map(api);
AdmitPhysician.Map(api);
ChangeAvailability.Map(api);
ShowWorklist.Map(api);
AcceptOffer.Map(api);
DeclineOffer.Map(api);
ReadDossier.Map(api);
DownloadDocument.Map(api);
AskForInformation.Map(api);
ShowOpinion.Map(api);
SaveDraft.Map(api);
SignOpinion.Map(api);

await app.RunService();
