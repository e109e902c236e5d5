using Microsoft.AspNetCore.Http.HttpResults;
using SecondOpinion.ServiceDefaults.Description;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Intake.Orientation.FileRequests;

/// <summary>When the medical file that was asked for is due, item by item; nothing is kept.</summary>
internal static class ComputeFileDeadlines
{
    private const int MostItems = 100;

    /// <summary>A request for a medical file that was sent to who holds it.</summary>
    /// <param name="ReceivedOn">The day on which the holder received the request: the clock runs from there, not from the sending.</param>
    /// <param name="Holder"><c>publicHospital</c>, <c>privateHospitalPublicService</c> (such as a cancer centre), <c>privateHospital</c> or
    /// <c>independentPhysician</c>.</param>
    /// <param name="Items">What was asked for.</param>
    /// <param name="PsychiatricCommissionSeized">Two months for everything.</param>
    internal sealed record FileDeadlinesRequest(
        DateOnly ReceivedOn, FileHolder Holder, IReadOnlyList<FileItem> Items, [property: HealthData] bool PsychiatricCommissionSeized = false)
    {
        public IEnumerable<FieldError> Faults(string pointer)
        {
            if (ReceivedOn.Year is < 2002 or > 2100)
            {
                yield return new FieldError($"{pointer}/receivedOn", "impossible_date", "Cette date n'est pas possible : la loi date de 2002.");
            }

            if (Items.Count is 0 or > MostItems)
            {
                yield return new FieldError($"{pointer}/items", "out_of_range", $"Indiquez de 1 à {MostItems} documents.");
            }

            for (var i = 0; i < Items.Count; i++)
            {
                if (string.IsNullOrWhiteSpace(Items[i].Name) || Items[i].Name.Length > 200)
                {
                    yield return new FieldError($"{pointer}/items/{i}/name", "invalid_length", "Nommez le document, en 200 caractères au plus.");
                }

                if (Items[i].MadeOn > ReceivedOn)
                {
                    yield return new FieldError($"{pointer}/items/{i}/madeOn", "impossible_date", "Un document ne peut pas dater d'après la demande.");
                }
            }
        }

        public FileDeadlines Deadlines() => FileRequestClock.Of(ReceivedOn, Items, Holder, PsychiatricCommissionSeized);
    }

    public static void Map(RouteGroupBuilder api) => api.MapPost("/orientation/file-request-deadlines", Handle)
        .AllowAnonymous()
        .WithName("ComputeFileDeadlines")
        .WithSummary("When is my medical file due?")
        .WithDescription(
            "Eight days from receipt, not before 48 hours; two months for what is more than five years old, item by item (L.1111-7). Reminders and the next "
                + "recourse.");

    private static Results<Ok<FileDeadlines>, Problem> Handle(FileDeadlinesRequest request, HttpContext http)
    {
        var errors = request.Faults("#").ToArray();
        http.Response.Headers.CacheControl = "no-store";
        return errors.Length > 0 ? CommonProblems.Invalid(errors) : TypedResults.Ok(request.Deadlines());
    }
}
