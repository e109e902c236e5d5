using SecondOpinion.Matching.Choosing;

namespace SecondOpinion.Tests.Matching;

/// <summary>What a coordinator reads, and may read to a patient.</summary>
public sealed class ExplanationTests
{
    private static readonly Guid Chosen = Guid.CreateVersion7();
    private static readonly DateTimeOffset Last = new(2026, 11, 21, 9, 5, 0, TimeSpan.Zero);

    [Fact]
    public void The_least_loaded_is_explained_by_the_load_and_the_others_by_their_reasons() => Text(
        Basis.Pathology, Candidate(Verdict.Chosen, 2, 10, Last), Candidate(Verdict.Eligible, 5, 10), Candidate(Verdict.Full, 4, 4),
        Candidate(Verdict.Full, 1, 1), Candidate(Verdict.NotIndependent, 0, 3)).ShouldBe(
            "5 médecins référents de cette maladie ont été examinés. Le médecin choisi a 2 dossiers en cours pour 10 places : la part la plus faible parmi "
            + "ceux qui pouvaient recevoir le dossier ; sa dernière proposition date du 21 novembre 2026 à 10 h 05. N'ont pas été retenus : 2 sans place "
            + "libre, 1 exerçant là où la personne est soignée.");

    [Fact]
    public void Of_many_cases_at_once_the_others_are_the_reason() => Text(
        Basis.Pathology, Candidate(Verdict.Chosen, 3, 4), Candidate(Verdict.Eligible, 0, 4)).ShouldContain(
            "3 dossiers en cours pour 4 places : d'autres dossiers attendaient au même moment, et ce choix donne un médecin à chacun");

    [Fact]
    public void Where_nobody_can_be_asked_it_says_so()
    {
        Explanation.Of(Basis.Pathology, null, []).ShouldBe(
            "Aucun médecin n'est référent de cette maladie ni de sa spécialité. Un coordinateur cherche.");
        Explanation.Of(Basis.Pathology, null, [Candidate(Verdict.Away, 0, 3)]).Replace('\u00A0', ' ').ShouldBe(
            "1 médecin référent de cette maladie a été examiné. Aucun ne peut recevoir le dossier pour le moment. N'ont pas été retenus : 1 en absence.");
    }

    [Fact]
    public void The_specialty_and_the_coordinator_are_named_as_the_ground()
    {
        Text(Basis.Specialty, Candidate(Verdict.Chosen, 0, 3)).ShouldStartWith(
            "Aucun médecin n'est référent de cette maladie : 1 médecin de la spécialité a été examiné.");
        Text(Basis.Coordinator, Candidate(Verdict.Chosen, 0, 3)).ShouldBe(
            "Un coordinateur a désigné ce médecin, qui remplit les mêmes conditions que les autres.");
    }

    private static string Text(Basis basis, params Candidate[] candidates) => Explanation.Of(basis, Chosen, candidates).Replace('\u00A0', ' ');

    private static Candidate Candidate(Verdict verdict, int open, int capacity, DateTimeOffset? last = null) =>
        new(verdict == Verdict.Chosen ? Chosen : Guid.CreateVersion7(), verdict, open, capacity, last);
}
