using SecondOpinion.Reporting;
using SecondOpinion.Reporting.Events;
using SecondOpinion.Reporting.Facts;
using SecondOpinion.Reporting.Indicators;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("reporting");
builder.AddDatabase("reporting", typeof(Program).Assembly);
builder.Services.AddSingleton<EventLog>();
builder.Services.AddHostedService<DepartmentClasses>();
builder.AddMessaging("reporting", bus =>
{
    bus.AddConsumer<FollowCases>();
    bus.AddConsumer<FollowCoverage>();
    bus.AddConsumer<FollowOffers>();
    bus.AddConsumer<FollowOpinions>();
    bus.AddConsumer<FollowPhysicians>();
});

var app = builder.Build();
app.UseServiceDefaults(Problems.All);

var api = app.MapGroup("/api/v1/reports");
ReadIndicators.Map(api);
ReadCaseEvents.Map(api);

await app.RunService();

public sealed partial class Program;
