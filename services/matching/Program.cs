using SecondOpinion.Contracts.Physician.V1;
using SecondOpinion.Matching;
using SecondOpinion.Matching.Cases;
using SecondOpinion.Matching.Offers;
using SecondOpinion.Matching.Physicians;
using SecondOpinion.Matching.Watching;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Options;
using SecondOpinion.ServiceDefaults.Resilience;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("matching");
builder.AddDatabase("matching", typeof(Program).Assembly);
builder.AddMessaging("matching", handlers =>
{
    handlers.Add<KeepProfile>();
    handlers.Add<KeepAvailability>();
    handlers.Add<OfferCompletedCase>();
    handlers.Add<CloseWithdrawnCase>();
    handlers.Add<KeepDeadline>();
    handlers.Add<FreePlaceOnDelivery>();
    handlers.Add<AssignOnAcceptance>();
    handlers.Add<AskNextOnRefusal>();
    handlers.Add<PauseWatch>();
    handlers.Add<KeepSignOfWork>();
    handlers.Add<ForgetCase>();
});
builder.AddServiceClient<Roster.RosterClient>("physician");

builder.AddSettings<MatchingOptions>();
builder.Services.AddSingleton<MatchingMetrics>();
builder.Services.AddSingleton<NextChoice>();
builder.Services.AddSingleton<AssignTogether>();
builder.Services.AddSingleton<WaitingCases>();
builder.Services.AddJob<AdvanceDueCases>();
builder.Services.AddJob<ReadRosterAtStart>();

var app = builder.Build();
app.UseServiceDefaults(Problems.All);

var api = app.MapGroup("/api/v1");
ListAttention.Map(api);
ShowMatching.Map(api);
OfferByHand.Map(api);

await app.RunService();
