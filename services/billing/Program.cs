using SecondOpinion.Billing;
using SecondOpinion.Billing.Coverage;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Billing.Partners;
using SecondOpinion.Billing.Rosters;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("billing");
builder.AddDatabase("billing", typeof(Program).Assembly);
builder.AddMessaging("billing", handlers =>
{
    // Never CaseOpened, CaseCompleted or OpinionOutcomeRecorded: they name the pathology or the outcome. A test watches this list.
    handlers.Add<BookDeliveredOpinion>();
    handlers.Add<ReleaseOnWithdrawal>();
});
builder.AddBilling();

var app = builder.Build();
app.UseServiceDefaults(Problems.All);
app.MapGrpcService<EligibilityService>().AllowRoles(Access.Service);
var api = app.MapGroup("/api/v1");
CheckEligibility.Map(api);
ListInsurers.Map(api);
SaveInsurer.Map(api);
SaveContract.Map(api);
CreateRosterUpload.Map(api);
AppendRosterContent.Map(api);
ShowRosterImport.Map(api);
DownloadRejects.Map(api);
RetryRoster.Map(api);
DecideRoster.Map(api);
RollBackRoster.Map(api);
ShowActivity.Map(api);
ShowCaseLedger.Map(api);
await app.RunService();

/// <summary>Entry point, visible to the service's tests.</summary>
public sealed partial class Program;
