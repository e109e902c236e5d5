using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation;

/// <summary>Expected delays and costs by channel. Each value stands with its source and date, and beside the values that contradict it.</summary>
internal static class ShowFigures
{
    /// <param name="Value">A number or a range; null when the unit says it all (« variable »).</param>
    /// <param name="Outdated">Kept only because people still meet it elsewhere; never the one to go by.</param>
    internal sealed record OrientationFigure(
        string Id, string Channel, string? Value, string Unit, string Source, string Date, string Note, bool Outdated,
        IReadOnlyList<ContradictingFigure> ContradictedBy);

    internal sealed record ContradictingFigure(string Id, string? Value, string Unit, string Source, string Date);

    internal sealed record OrientationFigures(IReadOnlyList<OrientationFigure> Items);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/orientation/delays", (ContentBook book, string? channel = null) => Show(book.Delays, channel))
            .AllowAnonymous()
            .WithName("ListDelays")
            .WithSummary("Expected delays by channel")
            .WithDescription("Sources disagree: each value shows the ones that contradict it.");
        api.MapGet("/orientation/costs", (ContentBook book, string? channel = null) => Show(book.Costs, channel))
            .AllowAnonymous()
            .WithName("ListCosts")
            .WithSummary("Expected costs by channel")
            .WithDescription("Sources disagree: each value shows the ones that contradict it; outdated tariffs are marked.");
    }

    private static Results<Ok<OrientationFigures>, Problem> Show(IReadOnlyList<Figure> figures, string? channel)
    {
        var channels = figures.Select(f => f.Channel).Distinct().ToList();
        if (channel is not null && !channels.Contains(channel))
        {
            return CommonProblems.Invalid(new FieldError("#/channel", "unknown_code", $"Choisissez parmi : {string.Join(", ", channels)}."));
        }

        var byId = figures.ToDictionary(f => f.Id);
        return TypedResults.Ok(new OrientationFigures(
        [
            .. figures.Where(f => channel is null || f.Channel == channel).Select(f => new OrientationFigure(
                f.Id, f.Channel, f.Value, f.Unit, f.Source, f.Date, f.Note, f.Note.StartsWith("PÉRIMÉ", StringComparison.Ordinal),
                [.. f.ConflictsWith.Select(id => byId[id]).Select(o => new ContradictingFigure(o.Id, o.Value, o.Unit, o.Source, o.Date))])),
        ]));
    }
}
