using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation;

/// <summary>Expected delays and costs by channel. Each value stands with its source and date, and beside the values that contradict it.</summary>
internal static class ShowFigures
{
    /// <summary>A delay or a price, with who says so.</summary>
    /// <param name="Id">Stable.</param>
    /// <param name="Channel">The way to an opinion that it is of.</param>
    /// <param name="Value">A number or a range; null when the unit says it all (« variable »).</param>
    /// <param name="Unit">French: days, euros, or words when there is no number.</param>
    /// <param name="Source">Who published it.</param>
    /// <param name="Date">Of the publication: year, month or day.</param>
    /// <param name="Note">What to know about it, in French.</param>
    /// <param name="Outdated">Kept only because people still meet it elsewhere; never the one to go by.</param>
    /// <param name="ContradictedBy">Other values for the same thing.</param>
    internal sealed record OrientationFigure(
        string Id, string Channel, string? Value, string Unit, string Source, string Date, string Note, bool Outdated,
        IReadOnlyList<ContradictingFigure> ContradictedBy);

    /// <summary>Another source's value for the same thing.</summary>
    /// <param name="Id">Stable.</param>
    /// <param name="Value">A number or a range; null when the unit says it all.</param>
    /// <param name="Unit">French.</param>
    /// <param name="Source">Who published it.</param>
    /// <param name="Date">Of the publication: year, month or day.</param>
    internal sealed record ContradictingFigure(string Id, string? Value, string Unit, string Source, string Date);

    /// <summary>Delays or prices.</summary>
    /// <param name="Items">In the order of the project's tables.</param>
    internal sealed record OrientationFigures(IReadOnlyList<OrientationFigure> Items);

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/orientation/delays", Delays)
            .AllowAnonymous()
            .WithName("ListDelays")
            .WithSummary("Expected delays by channel")
            .WithDescription("Sources disagree: each value shows the ones that contradict it.");
        api.MapGet("/orientation/costs", Costs)
            .AllowAnonymous()
            .WithName("ListCosts")
            .WithSummary("Expected costs by channel")
            .WithDescription("Sources disagree: each value shows the ones that contradict it; outdated tariffs are marked.");
    }

    /// <param name="channel">Only the delays of this way to an opinion; all when left out.</param>
    private static Results<Ok<OrientationFigures>, Problem> Delays(ContentBook book, string? channel = null) => Show(book.Delays, channel);

    /// <param name="channel">Only the prices of this way to an opinion; all when left out.</param>
    private static Results<Ok<OrientationFigures>, Problem> Costs(ContentBook book, string? channel = null) => Show(book.Costs, channel);

    private static Results<Ok<OrientationFigures>, Problem> Show(IReadOnlyList<Figure> figures, string? channel)
    {
        var channels = figures.Select(f => f.Channel).Distinct().ToList();
        if (channel is not null && !channels.Contains(channel))
        {
            return CommonProblems.Invalid(new FieldError(
                "#/channel", "unknown_code", "Ce recours n'existe pas : choisissez-en un de la liste.", [.. channels]));
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
