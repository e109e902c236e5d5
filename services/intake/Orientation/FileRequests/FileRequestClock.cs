using SecondOpinion.ServiceDefaults.Description;

namespace SecondOpinion.Intake.Orientation.FileRequests;

/// <summary>Who holds the file; it decides where to turn when nothing comes.</summary>
internal enum FileHolder
{
    /// <summary>A public hospital.</summary>
    PublicHospital,

    /// <summary>A private establishment charged with the public service, such as a cancer centre: the CADA judges it as it judges a public
    /// hospital.</summary>
    PrivateHospitalPublicService,
    /// <summary>A private hospital.</summary>
    PrivateHospital,
    /// <summary>A physician in a practice of their own.</summary>
    IndependentPhysician,
}

/// <summary>
/// One thing asked for, and the day on which it was made (R.1111-1: the five years run from there). Unknown counts as recent: the shorter delay is the
/// patient's.
/// </summary>
/// <param name="Name">What it is, in the patient's words.</param>
/// <param name="MadeOn">The day on which it was made; null when unknown.</param>
internal sealed record FileItem([property: HealthData] string Name, DateOnly? MadeOn);

/// <summary>When one thing is due.</summary>
/// <param name="Name">As it was asked for.</param>
/// <param name="MadeOn">The day on which it was made; null when unknown.</param>
/// <param name="Older">More than five years old when the request was received.</param>
/// <param name="DueOn">Last day for the holder.</param>
/// <param name="ImpliedRefusalOn">The holder's silence about this item is a refusal from this day; null where no text says so.</param>
/// <param name="RecourseUntil">Last day to turn to the CADA about this item.</param>
internal sealed record FileItemDeadline(
    [property: HealthData] string Name, DateOnly? MadeOn, bool Older, DateOnly DueOn, DateOnly? ImpliedRefusalOn = null, DateOnly? RecourseUntil = null);

/// <summary>When a requested medical file is due, and what to do if it does not come.</summary>
/// <param name="ReceivedOn">The day on which the holder received the request.</param>
/// <param name="EarliestOn">After the 48 hours of reflection.</param>
/// <param name="RecentDueOn">End of the eight days; null when nothing recent was asked for.</param>
/// <param name="OlderDueOn">End of the two months; null when nothing older was asked for.</param>
/// <param name="Items">Each thing with its own days.</param>
/// <param name="RemindOn">First day on which something is late, the recent items' first.</param>
/// <param name="ImpliedRefusalOn">The first day on which silence is a refusal of any item; null for holders whom no text gives such a rule.</param>
/// <param name="RecourseUntil">The safer day: whoever turns to the CADA by then is in time for every item, however the two delays are read
/// together.</param>
/// <param name="NextRecourse">What to do when nothing comes, in French.</param>
internal sealed record FileDeadlines(
    DateOnly ReceivedOn, DateOnly EarliestOn, DateOnly? RecentDueOn, DateOnly? OlderDueOn, IReadOnlyList<FileItemDeadline> Items,
    IReadOnlyList<DateOnly> RemindOn,
    DateOnly? ImpliedRefusalOn, DateOnly? RecourseUntil, string NextRecourse);

/// <summary>
/// The double clock of L.1111-7 of the Code de la santé publique: eight days from receipt, not before 48 hours; two months for what is more than five years
/// old, item by item, or for all when the psychiatric commission was seized. Days are calendar days; a month that is too short ends on its last day.
/// </summary>
internal static class FileRequestClock
{
    private const int ReflectionDays = 2;
    private const int RecentDays = 8;
    private const int OlderMonths = 2;
    private const int OlderThanYears = 5;

    /// <summary>CRPA R.311-12 and R.311-13 (silence), R.343-1 (time to seize the CADA).</summary>
    private const int SilenceMonths = 1;
    private const int CadaMonths = 2;

    public static FileDeadlines Of(DateOnly receivedOn, IReadOnlyList<FileItem> items, FileHolder holder, bool psychiatricCommission)
    {
        var cada = holder is FileHolder.PublicHospital or FileHolder.PrivateHospitalPublicService;
        var silence = receivedOn.AddMonths(SilenceMonths);
        var due = items.Select(item =>
        {
            var older = IsOlder(item.MadeOn, receivedOn);
            var dueOn = older || psychiatricCommission ? receivedOn.AddMonths(OlderMonths) : receivedOn.AddDays(RecentDays);
            // Of an item that may still come, silence is no refusal yet; of the others it is, whatever else was asked for.
            DateOnly? refusal = cada ? Later(silence, dueOn) : null;
            return new FileItemDeadline(item.Name, item.MadeOn, older, dueOn, refusal, refusal?.AddMonths(CadaMonths));
        }).ToList();
        var recent = due.Where(i => !i.Older && !psychiatricCommission).Select(i => (DateOnly?)i.DueOn).FirstOrDefault();
        var older = due.Where(i => i.Older || psychiatricCommission).Select(i => (DateOnly?)i.DueOn).FirstOrDefault();
        return new FileDeadlines(
            receivedOn, receivedOn.AddDays(ReflectionDays), recent, older, due, [.. due.Select(i => i.DueOn.AddDays(1)).Distinct().Order()],
            due.Min(i => i.ImpliedRefusalOn),
            // No text says how the month of silence and the two months of L.1111-7 go together: the shorter reading is safe under both.
            cada ? silence.AddMonths(CadaMonths) : null,
            Recourse(holder));
    }

    /// <summary>Strictly more than five years on the day of receipt. Made on 29 February, five years are over with 28 February.</summary>
    public static bool IsOlder(DateOnly? madeOn, DateOnly receivedOn) => madeOn is { } made && made.AddYears(OlderThanYears) < receivedOn;

    private static DateOnly Later(DateOnly a, DateOnly b) => a > b ? a : b;

    private static string Recourse(FileHolder holder) => holder switch
    {
        FileHolder.PublicHospital or FileHolder.PrivateHospitalPublicService => "la Commission d’accès aux documents administratifs (CADA)",
        FileHolder.PrivateHospital => "la commission des usagers de l’établissement, puis la CNIL ou le juge",
        _ => "le conseil départemental de l’Ordre des médecins, puis la CNIL ou le juge",
    };
}
