using SecondOpinion.AppHost;
using SecondOpinion.AppHost.Commands;

// ./run token … and the servers that ./test shares are the same program.
switch (args.FirstOrDefault())
{
    case "token":
        return TokenCommand.Run(args[1..]);
    case "keys":
        return await KeysCommand.Run(args[1..]);
    case "servers":
        return await ServersCommand.Run(args[1..]);
}

// The whole system on one page.
// Quiet: what a resource prints goes to its log; what fails is told in any case.
var builder = DistributedApplication.CreateBuilder(["--console=Quiet", "--Host:Title=SecondOpinion", .. args]);
var options = RunOptions.Read(builder.Configuration);
LocalKeys.AddTo(builder.Configuration, options.DataFolder);

// Secrets: made at the first start for local runs (LocalKeys), given by the environment anywhere else.
var tokenKey = builder.AddParameter("token-key", secret: true);
var encryptionKey = builder.AddParameter("encryption-key", secret: true);
var beneficiaryKey = builder.AddParameter("beneficiary-key", secret: true);

var postgres = builder.AddPostgres("postgres");
var rabbitmq = builder.AddRabbitMQ("rabbitmq").WithManagementPlugin();

var billing = Service("billing")
    .WithEnvironment("Beneficiaries__Keys__k1", beneficiaryKey)
    .WithEnvironment("Beneficiaries__CurrentKey", "k1")
    .WithEnvironment("Rosters__SpoolPath", Path.Combine(options.DataFolder, "rosters"));

var intake = Service("intake")
    .WithEnvironment("Documents__Path", Path.Combine(options.DataFolder, "documents"))
    .WithEnvironment("Encryption__Keys__k1", encryptionKey)
    .WithEnvironment("Encryption__CurrentKey", "k1");

var matching = Service("matching");

var physician = Service("physician")
    .WithEnvironment("Encryption__Keys__k1", encryptionKey)
    .WithEnvironment("Encryption__CurrentKey", "k1");

var reporting = Service("reporting");

// Questions that need an answer now (gRPC). Each service starts without the others and copes with their absence.
intake.WithReference(billing).WithReference(physician).WithReference(matching);
physician.WithReference(intake);
matching.WithReference(physician);

var gateway = builder.AddProject("gateway", "../gateway/Gateway.csproj")
    .WithHttpEndpoint(port: options.Port, name: "http", env: "HTTP_PORT")
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/health")
    .WithReference(billing).WithReference(intake).WithReference(matching).WithReference(physician).WithReference(reporting)
    // Not for their health: a gateway that starts beside them is ready when they are, and answers 503 until then.
    .WaitForStart(billing).WaitForStart(intake).WaitForStart(matching).WaitForStart(physician).WaitForStart(reporting);
WithTokens(gateway);

foreach (var service in (IResourceBuilder<ProjectResource>[])[billing, intake, matching, physician, reporting, gateway])
{
    // Problem types are absolute addresses that resolve: the gateway serves their pages.
    service.WithEnvironment("Problems__BaseUri", gateway.GetEndpoint("http"));
}

return await Running.Run(builder, options);

// Every service: a database of its own, the broker, one port for HTTP/1.1 and one for gRPC, tokens, health.
IResourceBuilder<ProjectResource> Service(string name)
{
    var database = postgres.AddDatabase($"{name}-database", name);
    var service = builder.AddProject(name, $"../services/{name}/{char.ToUpperInvariant(name[0])}{name[1..]}.csproj")
        .WithHttpEndpoint(name: "http", env: "HTTP_PORT")
        .WithHttpEndpoint(name: "grpc", env: "GRPC_PORT")
        .WithHttpHealthCheck("/health", endpointName: "http")
        .WithReference(database, connectionName: name).WaitFor(database)
        .WithReference(rabbitmq).WaitFor(rabbitmq)
        .WithEnvironment("Messaging__ManagementUri", rabbitmq.GetEndpoint("management"))
        .WithEnvironment("SampleData__Enabled", "true");
    return WithTokens(service);
}

IResourceBuilder<ProjectResource> WithTokens(IResourceBuilder<ProjectResource> service) => service
    .WithEnvironment("Authentication__Schemes__Bearer__ValidIssuer", LocalKeys.Issuer)
    .WithEnvironment("Authentication__Schemes__Bearer__ValidAudiences__0", LocalKeys.Audience)
    .WithEnvironment("Authentication__Schemes__Bearer__SigningKeys__0__Issuer", LocalKeys.Issuer)
    .WithEnvironment("Authentication__Schemes__Bearer__SigningKeys__0__Value", tokenKey)
    .WithEnvironment("ASPNETCORE_ENVIRONMENT", "Production");
