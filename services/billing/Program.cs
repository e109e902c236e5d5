using Npgsql;
using SecondOpinion.Billing;
using SecondOpinion.Billing.Coverage;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Billing.Fees;
using SecondOpinion.Billing.Fund;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Invoicing;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Billing.PartnerEvents;
using SecondOpinion.Billing.Partners;
using SecondOpinion.Billing.Payments;
using SecondOpinion.Billing.Rosters;
using SecondOpinion.Billing.Rosters.Doors;
using SecondOpinion.Billing.Rosters.Engine;
using SecondOpinion.Billing.Rosters.Spool;
using SecondOpinion.Billing.Sample;
using SecondOpinion.Billing.SelfPay;
using SecondOpinion.Billing.Webhooks;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Options;
using SecondOpinion.ServiceDefaults.Pdf;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("billing");
builder.AddDatabase("billing", typeof(Program).Assembly);
builder.AddMessaging("billing", handlers =>
{
    // Never CaseOpened, CaseCompleted or OpinionOutcomeRecorded: they name the pathology or the outcome. A test watches this list.
    handlers.Add<BookDeliveredOpinion>();
    handlers.Add<ReleaseOnWithdrawal>();
    handlers.Add<ForgetCase>();
});

// What is wrong or missing in the settings ends the start here, with a sentence.
builder.AddSettings<RosterOptions>();
builder.AddSettings<CoverageOptions>();
builder.AddSettings<ReaderOptions>();
builder.AddSettings<CheckLimitOptions>();
builder.Services.AddSingleton<CheckLimits>();
builder.Services.AddSingleton<BoundAccounts>();
var identityKeys = new IdentityKeys(builder.AddSettings<HashingOptions>());
builder.Services.AddSingleton(identityKeys);
builder.Services.AddSingleton(services => identityKeys.Use(services.GetRequiredService<NpgsqlDataSource>()));

// In the order in which they start.
builder.Services.AddJob<InsurerDirectory>();
builder.Services.AddJob<BeneficiaryIndex>();
builder.Services.AddJob<CheckCounts>();
builder.Services.AddSingleton<EligibilityAnswers>();

var invoicing = builder.AddSettings<InvoicingOptions>();
builder.Services.AddSingleton(invoicing.VatOf(Pricing.PerOpinion));
builder.Services.AddSingleton<BookOpinion>();
builder.Services.AddSingleton<ReserveCoverage>();
builder.AddSettings<FundOptions>();
builder.AddSettings<SelfPayOptions>();
builder.Services.AddSingleton<AccountMarks>();
builder.Services.AddSingleton<IOtherPayer, FundCover>();
builder.Services.AddSingleton<IOtherPayer, SelfPayCover>();
builder.Services.AddJob<ReturnExpiredGrants>();
builder.Services.AddJob<ExpireCoverage>();

builder.Services.AddSingleton<ImportConnections>();
builder.Services.AddSingleton<RosterSpool>();
builder.Services.AddSingleton<RosterSwitch>();
builder.Services.AddJob<DropOldRosters>();
builder.Services.AddJob<ExpireUploads>();
builder.Services.AddSingleton<ImportFeed>();
builder.Services.AddSingleton<RosterImporter>();
if (builder.AddSettings<SampleDataSettings>().Enabled)
{
    // Before the imports' worker, so that the sample is there when the service says it is ready.
    builder.Services.AddHostedService<SampleData>();
}

builder.Services.AddJob<ImportWorker>();

builder.Services.AddSingleton<Fonts>();
builder.Services.AddSingleton<IssueInvoices>();
builder.Services.AddJob<InvoiceMonths>();
builder.AddSettings<FeeOptions>();
builder.Services.AddSingleton<OrderFees>();
builder.Services.AddJob<FeeMonths>();
builder.Services.AddJob<Remind>();

builder.Services.AddJob<TellEvents>();
builder.Services.AddJob<CountOpinions>();
builder.AddSettings<WebhookOptions>();
builder.Services.AddSingleton<WebhookSecrets>();
builder.Services.AddSingleton<WebhookMetrics>();
builder.Services.AddSingleton<PostEvent>();
builder.Services.AddSingleton<DeliveryLedger>();
builder.Services.AddJob<DeliverEvents>();
builder.Services.AddJob<ForgetDeliveries>();

var app = builder.Build();
app.UseServiceDefaults(Problems.All);
app.MapGrpcService<EligibilityService>().AllowCalls(
    SecondOpinion.Contracts.Billing.V1.Eligibility.Descriptor, new AllowedCalls("intake", "Check", "CheckMany", "Reserve"));
app.MapGrpcService<FeesService>().AllowCalls(SecondOpinion.Contracts.Billing.V1.Fees.Descriptor, new AllowedCalls("physician", "Statement"));
var api = app.MapGroup("/api/v1");
CheckEligibility.Map(api);
ListInsurers.Map(api);
SaveInsurer.Map(api);
SaveContract.Map(api);
ShowRosterFormat.Map(api);
CreateRosterUpload.Map(api);
AppendRosterContent.Map(api);
ShowRosterImport.Map(api);
DownloadRejects.Map(api);
RetryRoster.Map(api);
DecideRoster.Map(api);
RollBackRoster.Map(api);
ShowActivity.Map(api);
ShowCaseLedger.Map(api);
ShowTrialBalance.Map(api);
ExportFec.Map(api);
RunInvoices.Map(api);
ShowInvoices.Map(api);
CreditInvoice.Map(api);
SavePayee.Map(api);
RunFees.Map(api);
ImportStatusReport.Map(api);
CancelFee.Map(api);
ShowFees.Map(api);
ImportStatement.Map(api);
AssignPayment.Map(api);
ShowReceivables.Map(api);
SaveFundBudget.Map(api);
DecideFundRequest.Map(api);
ShowFund.Map(api);
ContributeToFund.Map(api);
OrderSelfPayment.Map(api);
RefundSelfPayment.Map(api);
ListEvents.Map(api);
CreateWebhook.Map(api);
ShowWebhooks.Map(api);
ChangeWebhook.Map(api);
RotateSecret.Map(api);
SendTestEvent.Map(api);
ListDeliveries.Map(api);
ReplayDeliveries.Map(api);
await app.RunService();

/// <summary>Entry point, visible to the service's tests.</summary>
public sealed partial class Program;
