using System.Globalization;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>What one patient and the référent were told of one case: the promises that the databases must keep.</summary>
internal sealed class CaseHistory(SampleMember member)
{
    private readonly Dictionary<string, DateTimeOffset> _told = new(StringComparer.Ordinal);

    public SampleMember Member => member;

    public Guid PatientId { get; private init; } = Guid.CreateVersion7();

    /// <summary>Null while the opening was not answered.</summary>
    public Guid? CaseId { get; set; }

    /// <summary>Of the PDF, as the signature's answer gave it.</summary>
    public string? OpinionSha256 { get; set; }

    /// <summary>The longest time that one call or one expected change kept its caller waiting.</summary>
    public TimeSpan LongestPause { get; private set; }

    /// <summary>Why the client stopped asking, if it did.</summary>
    public string? GaveUp { get; set; }

    public void Told(string what) => _told.TryAdd(what, TimeProvider.System.GetUtcNow());

    public bool Was(string what) => _told.ContainsKey(what);

    /// <summary>What had been told by then; the case's number is kept all the same.</summary>
    public CaseHistory AsOf(DateTimeOffset moment)
    {
        var then = new CaseHistory(member) { PatientId = PatientId, CaseId = CaseId, OpinionSha256 = OpinionSha256 };
        foreach (var (what, at) in _told.Where(told => told.Value <= moment))
        {
            then._told.Add(what, at);
        }

        return then;
    }

    /// <summary>What that was.</summary>
    public string WaitedFor { get; private set; } = "";

    public void Waited(TimeSpan time, string what)
    {
        if (time > LongestPause)
        {
            (LongestPause, WaitedFor) = (time, what);
        }
    }
}

/// <summary>A fictitious member of the sample rosters (services/billing/Sample) whose contract covers a second opinion.</summary>
internal sealed record SampleMember(string AmcNumber, string MemberNumber, DateOnly BirthDate)
{
    private const int Insurers = 60;
    private const int MembersEach = 120;

    public string Birth => BirthDate.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Adult women, as the sample's disease asks for; by the same small steps as the sample rosters.</summary>
    public static IEnumerable<SampleMember> Covered() =>
        from member in Enumerable.Range(1, MembersEach)
        from insurer in Enumerable.Range(2, Insurers - 1)
        let seed = insurer * 7919 + member * 104729
        where seed % 10 < 7
        select new SampleMember($"{99000000 + insurer}", $"FICTIF{member:000000}", new DateOnly(1940 + seed % 50, 1 + seed / 60 % 12, 1 + seed / 720 % 28));
}
