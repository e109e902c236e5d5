using SecondOpinion.Reporting;
using SecondOpinion.Reporting.Events;
using SecondOpinion.Reporting.Facts;
using SecondOpinion.Reporting.Indicators;
using SecondOpinion.Reporting.Mission;
using SecondOpinion.Reporting.Surveys;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Pdf;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("reporting");
builder.AddDatabase("reporting", typeof(Program).Assembly);
builder.Services.AddSingleton<EventLog>();
builder.Services.AddSingleton<Fonts>();
builder.AddMessaging("reporting", handlers =>
{
    handlers.Add<FollowCases>();
    handlers.Add<FollowCoverage>();
    handlers.Add<FollowOffers>();
    handlers.Add<FollowOpinions>();
    handlers.Add<FollowPhysicians>();
    handlers.Add<FollowSurveys>();
});

var app = builder.Build();
app.UseServiceDefaults(Problems.All);

var api = app.MapGroup("/api/v1/reports");
ReadIndicators.Map(api);
LoadDepartmentClasses.Map(api);
ReadCaseEvents.Map(api);
ShowMissionReport.Map(api);
SaveDeclaredYear.Map(api);
GiveSurveyLinks.Map(api);
AnswerSurvey.Map(app.MapGroup("/api/v1"));

await app.RunService();

public sealed partial class Program;
