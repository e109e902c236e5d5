using SecondOpinion.Identity;
using SecondOpinion.Identity.Clients;
using SecondOpinion.Identity.Keys;
using SecondOpinion.Identity.People;
using SecondOpinion.Identity.Revoking;
using SecondOpinion.Identity.Tokens;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;

// The local issuer of tokens. Any other one of OpenID Connect can take its place: docs/identity.md.
var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("identity");
builder.AddDatabase("identity", typeof(Program).Assembly);
builder.AddIssuer();
builder.Services.AddJob<KeepKeys>();
builder.Services.AddJob<KeepClients>();
builder.Services.AddJob<SampleAccounts>();
builder.Services.AddJob<Prune>();

var app = builder.Build();
app.UseServiceDefaults(Problems.All);
app.MapIssuer();
Authorize.Map(app);
SignIn.Map(app);
IssueTokens.Map(app);
EndAccess.Map(app);
Revocations.Map(app);
RotateKeys.Map(app);
PartnerClients.Map(app);
await app.RunService();

/// <summary>Named for the tests.</summary>
public partial class Program;
