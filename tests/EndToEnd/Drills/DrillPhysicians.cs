using SecondOpinion.Contracts.Identifiers;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>Référents with room for a whole drill: the sample's would be full after a dozen cases.</summary>
internal static class DrillPhysicians
{
    public static async Task Admit(SharedSystem system)
    {
        using var api = new AppHost.Story.Api(system.Gateway, TestContext.Current.CancellationToken);
        var council = Enumerable.Range(1, 5).Select(n => system.Token(Roles.Council, $"drill-council-{n}")).ToArray();
        for (var i = 0; i < 5; i++)
        {
            var opened = await api.Post("/api/v1/physicians/applications", council[0], new
            {
                rpps = Rpps.WithKey($"99778000{i:00}").Value,
                displayName = $"Dr Exemple-Exercice {i}",
                specialtyCode = "SM20",
                pathologyCodes = new[] { "endometriose" },
                establishments = Array.Empty<string>(),
                capacity = 1000,
                evidence = "Exercice.",
            });
            ((int)opened.Status).ShouldBeOneOf([200, 201, 409], opened.Text);
            if (opened.Ok)
            {
                await Decide(api, council, $"/api/v1/physicians/applications/{opened.Json["applicationId"]}");
            }
        }
    }

    /// <summary>Two reviews and five votes for.</summary>
    private static async Task Decide(AppHost.Story.Api api, string[] council, string application)
    {
        foreach (var reviewer in council.Take(2))
        {
            var review = await api.Put($"{application}/review", reviewer, new { recommendation = "admit", reasons = "Exercice." }, etag: null);
            review.Ok.ShouldBeTrue(review.Text);
        }

        foreach (var member in council)
        {
            var vote = await api.Put($"{application}/vote", member, new { vote = "for" }, etag: null);
            vote.Ok.ShouldBeTrue(vote.Text);
        }

        var decision = await api.Post($"{application}/decision", council[0]);
        decision.Ok.ShouldBeTrue(decision.Text);
    }
}
