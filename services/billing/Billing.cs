using Npgsql;
using SecondOpinion.Billing.Coverage;
using SecondOpinion.Billing.Eligibility;
using SecondOpinion.Billing.Identity;
using SecondOpinion.Billing.Insurers;
using SecondOpinion.Billing.Ledger;
using SecondOpinion.Billing.Rosters;
using SecondOpinion.Billing.Sample;
using SecondOpinion.ServiceDefaults.Background;

namespace SecondOpinion.Billing;

/// <summary>What the features share: options checked at start, and the parts that run beside the requests, in the order in which they start.</summary>
internal static class Billing
{
    public static void AddBilling(this WebApplicationBuilder builder)
    {
        T Bound<T>(string section) where T : new() => builder.Configuration.GetSection(section).Get<T>() ?? new T();

        var identityKeys = new IdentityKeys(Bound<HashingOptions>("Beneficiaries"));
        builder.Services.AddSingleton(identityKeys);
        builder.Services.AddSingleton(services => identityKeys.Use(services.GetRequiredService<NpgsqlDataSource>()));
        builder.Services.AddSingleton(Bound<RosterOptions>("Rosters").Checked());
        builder.Services.AddSingleton(Bound<CoverageOptions>("Coverage").Checked());
        builder.Services.AddSingleton(Bound<CheckLimitOptions>("Eligibility:Limits"));
        builder.Services.AddSingleton<CheckLimits>();
        builder.Services.AddSingleton<BoundAccounts>();

        builder.Services.AddJob<InsurerDirectory>();
        builder.Services.AddJob<BeneficiaryIndex>();
        builder.Services.AddJob<CheckCounts>();
        builder.Services.AddSingleton<EligibilityAnswers>();

        builder.Services.AddSingleton<BookOpinion>();
        builder.Services.AddSingleton<ReserveCoverage>();
        builder.Services.AddSingleton<ReleaseCoverage>();
        builder.Services.AddJob<ExpireCoverage>();

        builder.Services.AddSingleton<ImportConnections>();
        builder.Services.AddSingleton<RosterSpool>();
        builder.Services.AddSingleton<RosterSwitch>();
        builder.Services.AddJob<DropOldRosters>();
        builder.Services.AddJob<ExpireUploads>();
        builder.Services.AddSingleton<ImportFeed>();
        builder.Services.AddSingleton<RosterImporter>();
        if (builder.Configuration.GetValue<bool>("SampleData:Enabled"))
        {
            // Before the imports' worker, so that the sample is there when the service says it is ready.
            builder.Services.AddHostedService<SampleData>();
        }

        builder.Services.AddJob<ImportWorker>();
    }
}
