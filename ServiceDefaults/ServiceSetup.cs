using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Background;
using SecondOpinion.ServiceDefaults.Database;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Encryption;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Idempotency;
using SecondOpinion.ServiceDefaults.Messaging;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Telemetry;

namespace SecondOpinion.ServiceDefaults;

/// <summary>What every service shares, in three calls: <c>AddServiceDefaults</c>, <c>UseServiceDefaults</c>, <c>RunService</c>.</summary>
public static class ServiceSetup
{
    /// <summary>Telemetry, health, tokens and deny-by-default, problem details, strict JSON, gRPC, two ports.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="service">Its name: <c>intake</c>, <c>billing</c>…</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service)
    {
        builder.AddPorts();
        builder.AddTelemetry(service);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddAccess(builder.Configuration);
        builder.Services.AddProblemAnswers();
        builder.Services.AddStrictJson();
        builder.Services.AddRequestDecompression();
        builder.Services.AddHealthChecks();
        builder.Services.AddBackground();
        if (builder.Configuration.GetConnectionString(service) is not null)
        {
            builder.AddAuditChain(service);
        }

        builder.Services.AddSingleton<Cursors>();
        builder.Services.AddSingleton(services => new Refusals(services.GetService<NpgsqlDataSource>(), services.GetRequiredService<ILogger<Refusals>>()));
        builder.Services.AddGrpc(options => options.Interceptors.Add<GrpcProblems>());
        builder.AddApiDescription(service);
        return builder;
    }

    /// <summary>The pipeline, in its one right order, and the endpoints that every service has.</summary>
    /// <param name="app">The service.</param>
    /// <param name="problems">The service's own catalogue; the gateway serves a page for each.</param>
    public static void UseServiceDefaults(this WebApplication app, IReadOnlyList<ProblemType> problems)
    {
        app.UseRefusedBodies();
        app.UseProblemAnswers();
        app.UseRoutingWithHead();
        // What routing itself refuses (404; 405 and 415 by endpoints of its own, which are no routes) would be a 401 by the fallback policy.
        app.Use((context, next) => context.GetEndpoint() switch
        {
            null => CommonProblems.Absent().ExecuteAsync(context),
            RouteEndpoint => next(context),
            { RequestDelegate: { } refusal } => refusal(context),
            _ => next(context),
        });
        app.UseAuthentication();
        app.Use(app.Services.GetRequiredService<Refusals>().Watch);
        app.UseAuthorization();
        app.UseIdempotencyKeys();
        app.UseDoors();
        var ready = new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready"), ResponseWriter = HealthDetail.Write };
        app.MapHealthChecks("/health", ready).AllowAnonymous();
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
        app.MapOpenApi("/openapi/v1.json").AllowAnonymous();
        app.MapKeyUses();
        if (app.Services.GetService<AuditHeads>() is not null)
        {
            app.MapAuditChain();
        }

        if (app.Services.GetService<Queues>() is not null)
        {
            app.MapDeadLetters();
        }

        app.MapGet("/problems", () => TypedResults.Ok(problems)).AllowAnonymous().ExcludeFromDescription();
    }

    /// <summary>
    /// Migrates the database, then serves until told to stop; with <c>Database:MigrateOnly</c> it ends after the first, as a deployment's Job before the
    /// roll-out.
    /// </summary>
    public static async Task RunService(this WebApplication app)
    {
        if (app.Services.GetService<DatabaseStart>() is { } database)
        {
            await database.Run(app.Lifetime.ApplicationStopping);
            if (app.Configuration.GetValue("Database:MigrateOnly", false))
            {
                return;
            }

            await app.Services.GetRequiredService<Cursors>().Load(app.Services.GetRequiredService<NpgsqlDataSource>());
        }

        await app.RunAsync();
    }
}
