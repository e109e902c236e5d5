using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.Intake.Safety;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation;

/// <summary>The first question of all: does somebody need help now? Nothing of the answer is kept.</summary>
internal static class ScreenEmergency
{
    /// <summary>A sign that cannot wait.</summary>
    /// <param name="Code">For the answer's <c>signs</c>.</param>
    /// <param name="Text">The question, in French.</param>
    /// <param name="Simple">The same in simplified French.</param>
    internal sealed record EmergencySign(string Code, string Text, string Simple);

    /// <summary>What is asked before anything else.</summary>
    /// <param name="Signs">To be shown all, in this order.</param>
    /// <param name="Pages">Whom to call and when, to be shown with them.</param>
    internal sealed record EmergencyScreen(IReadOnlyList<EmergencySign> Signs, IReadOnlyList<ShowPages.OrientationPage> Pages);

    /// <summary>Whether to go on here.</summary>
    /// <param name="MayContinue">False: another door, now.</param>
    /// <param name="Door">Where to go instead; null when one may go on.</param>
    /// <param name="Pages">What to show with it.</param>
    [HealthData]
    internal sealed record EmergencyScreenResult(bool MayContinue, OtherDoor? Door, IReadOnlyList<ShowPages.OrientationPage> Pages);

    private static readonly Dictionary<string, string> PageOfDoor = new()
    {
        ["emergency"] = "call-15-or-112",
        ["suicidal_thoughts"] = "suicidal-thoughts-3114",
        ["hospitalised"] = "hospitalised",
        ["urgent_without_diagnosis"] = "no-diagnosis-and-urgent",
    };

    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/orientation/emergency-screen", Show)
            .AllowAnonymous()
            .WithName("GetEmergencyScreen")
            .WithSummary("The emergency questions")
            .WithDescription("To be shown before anything else, with the numbers to call: 15, 112, 114 and 3114.");
        api.MapPost("/orientation/emergency-screen", Handle)
            .AllowAnonymous()
            .WithName("AnswerEmergencyScreen")
            .WithSummary("Judge the emergency questions")
            .WithDescription(
                "Says whether a second opinion online is possible, or where to go instead. Opening a case judges the same answers again. Nothing is kept.");
    }

    private static Ok<EmergencyScreen> Show(ContentBook book) => TypedResults.Ok(new EmergencyScreen(
        [.. SafetyScreen.Signs.Select(s => new EmergencySign(s.Key, s.Value.Text, s.Value.Simple))], [.. book.OfKind("emergency").Select(ShowPages.View)]));

    private static Results<Ok<EmergencyScreenResult>, Problem> Handle(SafetyAnswers answers, ContentBook book)
    {
        if (answers.Signs.Any(s => !SafetyScreen.Signs.ContainsKey(s)))
        {
            return CommonProblems.Invalid(new FieldError("#/signs", "unknown_code", "Un de ces signes n'est pas dans la liste.", [.. SafetyScreen.Signs.Keys]));
        }

        var door = SafetyScreen.Judge(answers);
        return TypedResults.Ok(new EmergencyScreenResult(door is null, door, door is null ? [] : [ShowPages.View(book.Find(PageOfDoor[door.Code])!)]));
    }
}
