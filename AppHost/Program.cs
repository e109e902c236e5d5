using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.AppHost;
using SecondOpinion.AppHost.Commands;
using SecondOpinion.AppHost.LocalServers;
using SecondOpinion.AppHost.Resources;
using SecondOpinion.Servers;

// ./run token … and ./run keys … are the same program.
switch (args.FirstOrDefault())
{
    case "token":
        return await TokenCommand.Run(args[1..]);
    case "keys":
        return await KeysCommand.Run(args[1..]);
    case "redrive":
        return await RedriveCommand.Run(args[1..]);
    case "audit":
        return await AuditCommand.Run(args[1..]);
}

try
{
    // The whole system on one page.
    var options = RunOptions.Read(args);
    using var folder = options.LockDataFolder();
    using var ports = new Ports(Path.Combine(options.DataFolder, "ports.json"));
    var dashboard = Dashboard.Choose(options, ports);
    var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
    {
        Args = [.. dashboard.Settings, .. args],
        DisableDashboard = dashboard.Url is null,
        AssemblyName = typeof(Entry).Assembly.GetName().Name,
    });
    builder.Configuration["AppHost:DashboardApiKey"] = dashboard.Token;
    LocalKeys.AddTo(builder.Configuration, options.DataFolder);

    // Secrets: made at the first start for local runs (LocalKeys), given by the environment anywhere else.
    var encryptionKey = builder.AddParameter("encryption-key", secret: true);
    var pseudonymKey = builder.AddParameter(LocalKeys.PseudonymKey, secret: true);
    var sealCertificate = builder.AddParameter(LocalKeys.SealCertificate, secret: true);
    var beneficiaryKey = builder.AddParameter("beneficiary-key", secret: true);
    var identityKey = builder.AddParameter("identity-key", secret: true);
    var tryOutSecret = builder.AddParameter(LocalKeys.TryOutSecret, secret: true);
    var peoplePassword = builder.AddParameter(LocalKeys.PeoplePassword, secret: true);

    var auditKey = builder.AddParameter(LocalKeys.AuditKey, secret: true);

    var servers = Infrastructure.Add(builder, options, ports);

    // What is published runs elsewhere: nothing of this machine belongs into it.
    var data = builder.ExecutionContext.IsPublishMode ? "/data" : options.DataFolder;

    var billing = Service<Projects.Billing>("billing", process => process
        .WithEnvironment("Beneficiaries__Keys__k1", beneficiaryKey)
        .WithEnvironment("Beneficiaries__CurrentKey", "k1")
        .WithEnvironment("Rosters__SpoolPath", Path.Combine(data, DataFolders.Rosters)));

    var intake = Service<Projects.Intake>("intake", process => process
        .WithEnvironment("Documents__Path", Path.Combine(data, DataFolders.Documents))
        .WithEnvironment("Encryption__Keys__k1", encryptionKey)
        .WithEnvironment("Encryption__CurrentKey", "k1")
        .WithEnvironment("Physicians__PseudonymKey", pseudonymKey));

    var matching = Service<Projects.Matching>("matching");

    var physician = Service<Projects.Physician>("physician", process => process
        .WithEnvironment("Encryption__Keys__k1", encryptionKey)
        .WithEnvironment("Encryption__CurrentKey", "k1")
        .WithEnvironment("Seal__Certificate", sealCertificate)
        .WithEnvironment("Physicians__PseudonymKey", pseudonymKey));

    var reporting = Service<Projects.Reporting>("reporting");

    // Who issues tokens here; a deployment has an issuer of its own (docs/identity.md). Nobody waits for it: tokens are asked for at first need.
    var identity = Service<Projects.Identity>("identity", process => process
        .WithEnvironment("Encryption__Keys__k1", identityKey)
        .WithEnvironment("Encryption__CurrentKey", "k1")
        .WithEnvironment("SampleData__Password", peoplePassword)
        .WithEnvironment("TryOut__Secret", tryOutSecret));

    // Questions that need an answer now (gRPC). Each service starts without the others and copes with their absence.
    intake.Calls(billing, physician);
    physician.Calls(intake, billing);
    matching.Calls(physician);

    var gateway = new ServiceProcesses("gateway", [builder.AddProject<Projects.Gateway>("gateway", project => project.ExcludeLaunchProfile = true)]);
    gateway.With(process => AsInProduction(process)
        .WithHttpEndpoint(port: options.GatewayPort(ports), name: "http", env: "HTTP_PORT", isProxied: false)
        .WithExternalHttpEndpoints()
        .WithHttpHealthCheck("/health")
        .WithUrlForEndpoint("http", endpoint => new() { Url = "/docs", DisplayText = "API reference" })
        .WithDemoCommands(options)
        .WithResetCommand(options)
        .RunsAsBuilt());
    gateway.Calls(billing, intake, matching, physician, reporting);

    foreach (var service in (ServiceProcesses[])[billing, intake, matching, physician, reporting, gateway, identity])
    {
        // Everybody knows the issuer and asks it for tokens: to call those whom it calls, and to hear what was revoked. The gateway only hands on what callers
        // bring.
        var secret = builder.AddParameter(LocalKeys.ClientSecret(service.Name), secret: true);
        service.With(process => process
            .WithEnvironment("Identity__Authority", identity.All[0].GetEndpoint("http"))
            .WithEnvironment("Identity__ClientSecret", secret));
        identity.With(process => process
            .WithEnvironment($"Clients__{service.Name}__Secret", secret)
            .WithEnvironment($"Clients__{service.Name}__Scopes__0", identity.Name));
        foreach (var (callee, i) in (service == gateway ? [] : service.Callees).Select((callee, i) => (callee, i + 1)))
        {
            identity.With(process => process.WithEnvironment($"Clients__{service.Name}__Scopes__{i}", callee));
        }

        // Problem types are absolute addresses that resolve: the gateway serves their pages.
        service.With(process => process.WithEnvironment("Problems__BaseUri", gateway.All[0].GetEndpoint("http")));
    }

    builder.Services.AddSingleton(options).AddSingleton(TimeProvider.System);
    return await Running.Run(builder, options, dashboard);

    // Every service: a database of its own, the broker (the issuer of tokens needs none), one port for HTTP/1.1 and one for gRPC, health.
    ServiceProcesses Service<TProject>(string name, Action<IResourceBuilder<ProjectResource>>? configure = null) where TProject : IProjectMetadata, new()
    {
        var database = servers.Database(name);
        var broker = name == "identity" ? null : servers.Broker(name);
        return builder.AddProcesses<TProject>(name, options, ports).With(process =>
        {
            AsInProduction(process)
                .WithHttpHealthCheck("/health", endpointName: "http")
                .WithEnvironment($"ConnectionStrings__{name}", database.Service)
                .WithEnvironment($"ConnectionStrings__{name}_owner", database.Owner)
                .WithReferenceRelationship(database.Resource).WaitFor(database.Resource)
                .WithEnvironment("Audit__Key", auditKey)
                .WithEnvironment("Audit__HeadsPath", Path.Combine(data, DataFolders.Audit))
                .WithEnvironment("SampleData__Enabled", "true");
            if (broker is not null)
            {
                process.WithEnvironment("ConnectionStrings__rabbitmq", broker.Service).WithReferenceRelationship(broker.Resource);
            }

            configure?.Invoke(process);
        });
    }

    IResourceBuilder<ProjectResource> AsInProduction(IResourceBuilder<ProjectResource> process) => process
        .WithEnvironment("ASPNETCORE_ENVIRONMENT", "Production")
        // A dashboard that is gone must not hold up a process that stops.
        .WithEnvironment("OTEL_EXPORTER_OTLP_TIMEOUT", "1000");
}
catch (CannotStartException reason)
{
    Console.Error.WriteLine(reason.Message);
    return 1;
}
