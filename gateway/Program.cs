using SecondOpinion.Gateway.ApiDescription;
using SecondOpinion.Gateway.DeadLetters;
using SecondOpinion.Gateway.Edge;
using SecondOpinion.Gateway.Keys;
using SecondOpinion.Gateway.ProblemPages;
using SecondOpinion.Gateway.Audit;
using SecondOpinion.Gateway.RateLimits;
using SecondOpinion.Gateway.Routing;
using SecondOpinion.ServiceDefaults;
using SecondOpinion.ServiceDefaults.Problems;

var builder = WebApplication.CreateBuilder(args);
builder.AddListeners();
builder.AddServiceDefaults("gateway");
builder.AddEdge();
builder.AddClientLimits();
builder.AddProxy();
builder.AddApiDescriptions();
builder.Services.AddHttpContextAccessor().AddScoped<Asked>();

var app = builder.Build();

// The order matters: what a caller may not claim is dropped first; a client is counted before it is refused.
app.Services.GetRequiredService<TrustedProxies>().Use(app);
app.UseCleanHeaders();
app.UseProblemAnswers();
app.UseKnownMethods();
app.UseDocsPage();
app.UseRouting();
app.UseAllowedOrigins();
app.UseAuthentication();
app.UseClientLimits();
app.UseAuthorization();
app.UseOutputCache();

app.MapProxy();
app.MapEdgeHealth();
OpenApiDocument.Map(app);
ReadProblems.Map(app);
ShowKeys.Map(app);
RedriveDeadLetters.Map(app);
ShowAuditChains.Map(app);
app.MapNothingHere();

await app.RunService();

internal sealed partial class Program;
