using SecondOpinion.ServiceDefaults.Description;

namespace SecondOpinion.Intake.Safety;

/// <summary>What is asked before anything else. A second opinion takes days: whoever needs help now is sent to the right door at once.</summary>
/// <param name="Signs">Codes of the emergency signs present now; empty when there is none.</param>
/// <param name="SuicidalThoughts">Thoughts of suicide now.</param>
/// <param name="Hospitalised">In hospital at this moment: the team on the ward is the one to ask.</param>
/// <param name="DiagnosisKnown">A physician has named the disease, or is looking for it.</param>
/// <param name="Urgent">An answer is needed within two days.</param>
[HealthData]
internal sealed record SafetyAnswers(
    [property: Codes(typeof(SafetyScreen), nameof(SafetyScreen.Signs))] IReadOnlyList<string> Signs, bool SuicidalThoughts, bool Hospitalised,
    bool DiagnosisKnown, bool Urgent);

/// <summary>Where to go instead.</summary>
/// <param name="Code"><c>emergency</c>, <c>suicidal_thoughts</c>, <c>hospitalised</c> or <c>urgent_without_diagnosis</c>.</param>
/// <param name="Call">Numbers to call, first one first.</param>
/// <param name="Text">What to do, in French.</param>
/// <param name="Simple">The same in simplified French.</param>
internal sealed record OtherDoor(string Code, IReadOnlyList<string> Call, string Text, string Simple)
{
    public string Text { get; } = FrenchText.Typeset(Text);

    public string Simple { get; } = FrenchText.Typeset(Simple);
}

/// <summary>The emergency screen and the exclusions: pure, so that every combination can be tried.</summary>
internal static class SafetyScreen
{
    /// <summary>Signs that mean « appelez le 15 » without further thought; French, with a simplified wording.</summary>
    public static readonly IReadOnlyDictionary<string, (string Text, string Simple)> Signs = new Dictionary<string, (string, string)>
    {
        ["chest_pain"] = ("Douleur dans la poitrine qui serre ou qui dure", "Vous avez très mal à la poitrine."),
        ["breathing"] = ("Grande difficulté à respirer", "Vous respirez très mal."),
        ["stroke"] =
            ("Visage qui se déforme, bras ou jambe sans force, parole difficile, d'un coup", "Un côté du corps ne bouge plus. Ou vous parlez mal tout à coup."),
        ["bleeding"] = ("Saignement abondant qui ne s'arrête pas", "Vous perdez beaucoup de sang."),
        ["unconscious"] = ("Perte de connaissance ou convulsions", "La personne est tombée et ne répond pas. Ou son corps tremble très fort."),
        ["headache"] = ("Mal de tête très violent et soudain", "Vous avez tout à coup très mal à la tête."),
        ["allergy"] =
            ("Gonflement du visage ou de la gorge, malaise après un aliment, un médicament ou une piqûre", "Votre visage gonfle. Votre gorge se serre."),
        ["abdomen"] =
            ("Douleur au ventre insupportable, ventre dur, ou arrêt des gaz et des selles avec vomissements",
                "Vous avez très mal au ventre. Votre ventre est dur."),
        ["fever"] =
            ("Fièvre avec confusion, nuque raide ou taches sur la peau, ou fièvre pendant une chimiothérapie",
                "Vous avez de la fièvre et vous êtes très mal. Ou vous avez de la fièvre pendant une chimiothérapie."),
        ["pregnancy"] = ("Enceinte : saignement, douleur forte, ou bébé qui ne bouge plus", "Vous êtes enceinte et vous saignez. Ou votre bébé ne bouge plus."),
        ["paralysis"] =
            ("Jambes qui ne répondent plus, urines bloquées, ou perte soudaine du contrôle des urines ou de la sensation entre les jambes",
                "Vos jambes ne bougent plus. Ou vous ne pouvez plus faire pipi."),
        ["retention"] = ("Impossible d'uriner malgré l'envie, avec douleur", "Vous ne pouvez plus faire pipi."),
        ["eye"] = ("Perte soudaine de la vue", "Vous ne voyez plus tout à coup."),
        ["trauma"] = ("Accident ou chute grave", "Vous avez eu un accident grave."),
        ["blood_sputum"] = ("Sang craché en toussant", "Vous crachez du sang."),
        ["limb"] = ("Bras ou jambe froid, blanc et très douloureux d'un coup", "Votre bras ou votre jambe est froid et très douloureux."),
        ["poisoning"] = ("Produit dangereux ou trop de médicaments avalés ou respirés", "Vous avez avalé un produit dangereux."),
        ["infant"] = ("Bébé de moins de trois mois avec de la fièvre ou très mou", "Un bébé a de la fièvre ou ne réagit pas bien."),
    };

    private static readonly OtherDoor Emergency = new(
        "emergency", ["15", "112"],
        "Ces signes demandent des soins tout de suite. Appelez le 15 (SAMU) ou le 112 maintenant. Si vous ne pouvez pas parler ou entendre, envoyez un SMS "
            + "au 114. Ne commencez pas de demande en ligne.",
        "C'est une urgence.\nAppelez le 15 ou le 112 maintenant.\nVous n'entendez pas bien ?\nÉcrivez un message au 114 avec votre téléphone.");

    private static readonly OtherDoor Suicidal = new(
        "suicidal_thoughts", ["3114", "15"],
        "Vous n'êtes pas seul. Appelez le 3114, jour et nuit, gratuit et confidentiel : un professionnel vous répond. Si vous êtes en danger maintenant, "
            + "appelez le 15.",
        "Vous pensez à mourir ?\nAppelez le 3114.\nC'est gratuit, le jour et la nuit.\nSi le danger est là, appelez le 15.");

    private static readonly OtherDoor Hospitalised = new(
        "hospitalised", [],
        "Vous êtes hospitalisé en ce moment. Demandez un deuxième avis à l'équipe qui vous suit : elle peut appeler un autre spécialiste le jour même. Nous "
            + "pourrons vous aider après votre sortie.",
        "Vous êtes à l'hôpital.\nDemandez un autre avis au médecin de l'hôpital.\nNous pourrons vous aider après votre sortie.");

    private static readonly OtherDoor Urgent = new(
        "urgent_without_diagnosis", ["116 117", "15"],
        "Sans diagnostic et avec un besoin urgent, un avis sur dossier arriverait trop tard. Consultez votre médecin traitant aujourd'hui, ou appelez le 116 "
            + "117 (médecin de garde, selon les régions) ou le 15.",
        "Vous devez voir un médecin vite.\nAppelez votre médecin aujourd'hui.\nVous pouvez aussi appeler le 116 117.\nEn cas de danger, appelez le 15.");

    /// <summary>The door to take instead, or null when a second opinion online is possible. Danger to life comes first.</summary>
    public static OtherDoor? Judge(SafetyAnswers answers) =>
        answers.Signs.Count > 0 ? Emergency
        : answers.SuicidalThoughts ? Suicidal
        : answers.Hospitalised ? Hospitalised
        : !answers.DiagnosisKnown && answers.Urgent ? Urgent
        : null;

    /// <summary>By code, for a case that was sent elsewhere.</summary>
    public static OtherDoor? Find(string? code) => new[] { Emergency, Suicidal, Hospitalised, Urgent }.FirstOrDefault(d => d.Code == code);
}
