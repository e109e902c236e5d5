using SecondOpinion.Contracts.Physician;
using SecondOpinion.Reporting.Indicators;

namespace SecondOpinion.Reporting.Mission;

/// <summary>An indicator of the mission report: what it means, of whom it is taken and where it comes from. The report's footnotes are made of it.</summary>
/// <param name="Code">E.g. <c>recommendation_rate</c>; never changes.</param>
/// <param name="Commitment">1 to 4.</param>
/// <param name="Label">As the report prints it; French.</param>
/// <param name="Definition">What is counted and how.</param>
/// <param name="Population">Of whom or what; French.</param>
/// <param name="Source">Which facts it is computed from; French.</param>
internal sealed record MissionIndicator(string Code, int Commitment, string Label, IndicatorDefinition Definition, string Population, string Source);

/// <summary>The indicators of the four commitments (docs/decisions/0115). A definition's version rises with every change of what is counted.</summary>
internal static class MissionCatalogue
{
    private const string Opinions = "Patients ayant reçu un avis signé dans l'année civile (heure de Paris) ; la version corrigée d'un avis ne compte pas.";
    private const string Cases = "Événements des dossiers, rejouables.";
    private const string Told = "Réponses facultatives du patient, en codes.";
    private const string Answers = "Réponses anonymes à l'enquête.";
    private const string Declared = "Déclaré au registre de la mission, chaque version conservée.";

    /// <summary>The four commitments, as the statutes word them.</summary>
    public static readonly IReadOnlyList<string> Commitments =
    [
        "Permettre au patient de participer à la décision des soins",
        "Participer à l'amélioration de la qualité des soins",
        "Réduire les inégalités sociales et géographiques d'accès à l'expertise médicale",
        "Contribuer à fédérer l'écosystème pour co-construire un système de santé plus juste et plus efficient",
    ];

    public static readonly MissionIndicator Beneficiaries = new(
        "potential_beneficiaries", 1, "Bénéficiaires potentiels",
        new(1, "Sum over insurers of the lines accepted in the last roster imported before the year's end.",
            "Somme, sur les organismes, des lignes acceptées du dernier fichier de bénéficiaires importé avant la fin de l'année."),
        "Personnes inscrites aux fichiers des organismes partenaires ; une personne couverte par deux organismes compte deux fois.",
        "Imports de fichiers de bénéficiaires.");

    public static readonly MissionIndicator OpinionCount = new(
        "opinions", 1, "Avis rendus", Definitions.OpinionsDelivered, Opinions, Cases);

    public static readonly MissionIndicator OpinionGrowth = new(
        "opinions_growth", 1, "Usage : évolution du nombre d'avis rendus",
        new(1, "Opinions of the year beside those of the year before; none when the year before had none.",
            "Nombre d'avis de l'année rapporté à celui de l'année précédente ; rien lorsque celle-ci n'en a aucun."),
        Opinions, Cases);

    public static readonly MissionIndicator Recommendation = new(
        "recommendation_rate", 1, "Taux de recommandation des utilisateurs",
        new(1, "Share of yes among the answers yes or no to 'would you recommend the service', asked seven days after the opinion; 95 % interval by Wilson.",
            "Part de « oui » parmi les réponses « oui » ou « non » à « recommanderiez-vous le service ? », posée sept jours après l'avis ; intervalle à 95 % "
                + "de Wilson."),
        "Personnes ayant répondu dans l'année.", Answers);

    public static readonly MissionIndicator StudyAnswers = new(
        "six_month_answers", 1, "Étude « 6 mois après » : répondants",
        new(1, "Answers to the six-month study received in the year.", "Réponses à l'étude « 6 mois après » reçues dans l'année."),
        "Patients ayant accepté d'être recontactés.", Answers);

    public static readonly MissionIndicator StudyRate = new(
        "six_month_response_rate", 1, "Étude « 6 mois après » : taux de réponse",
        new(1, "Answers received in the year over links given out in the year.", "Réponses reçues dans l'année, rapportées aux liens envoyés dans l'année."),
        "Patients ayant accepté d'être recontactés.", Answers);

    public static readonly MissionIndicator Studies = new(
        "studies", 2, "Études qualitatives et médico-économiques",
        new(1, "Studies held in the year.", "Études menées dans l'année."), "Études déclarées.", Declared);

    public static readonly MissionIndicator Convergence = new(
        "convergence", 2, "Taux de convergence",
        new(ConvergenceDefinition.Version, Definitions.Convergence.En + " " + Definitions.ConvergenceNotice.En,
            Definitions.Convergence.Fr + " " + Definitions.ConvergenceNotice.Fr),
        Opinions, Cases);

    public static readonly MissionIndicator ConvergenceByPathology = new(
        "convergence_by_pathology", 2, "Taux de convergence par pathologie",
        new(1, "The same rate by pathology: at most twenty, the most frequent; a pathology with fewer than eleven opinions that converge or that do not is "
            + "told with the others.",
            "Le même taux par pathologie : vingt au plus, les plus fréquentes ; une pathologie de moins de onze avis convergents, ou de moins de onze avis "
                + "divergents, est comptée avec les autres. " + Definitions.ConvergenceNotice.Fr),
        Opinions, Cases);

    public static readonly MissionIndicator TreatingPhysicianAware = new(
        "treating_physician_aware", 2, "Médecins traitants au courant de la démarche",
        new(1, "Share of yes among the answers yes or no; those without a treating physician do not count.",
            "Part de « oui » parmi les réponses « oui » ou « non » ; qui n'a pas de médecin traitant ne compte pas."),
        Opinions, Told);

    public static readonly MissionIndicator OperationsAvoided = new(
        "operations_avoided", 2, "Étude « 6 mois après » : opérations évitées",
        new(1, "Share of yes among those who answered whether a planned operation did not take place.",
            "Part de « oui » parmi les réponses « oui » ou « non » à la question : une opération prévue n'a-t-elle pas eu lieu ?"),
        "Répondants de l'année à qui une opération avait été proposée.", Answers);

    public static readonly MissionIndicator DepartmentClass = new(
        "department_class", 3, "Origine géographique des patients", Definitions.DepartmentClasses,
        "Patients ayant reçu un avis dans l'année et dont le département est connu et classé par la table chargée la plus récente.",
        "Département déclaré ; table de classes chargée, avec son auteur.");

    public static readonly MissionIndicator Category = new(
        "mission_category", 3, "Catégorie socioprofessionnelle (grille de la mission)",
        new(1, "Patients with an opinion by the mission's grid, of those who told their occupation; the mapping from INSEE's PCS has its own version.",
            "Patients ayant reçu un avis selon la grille de la mission, parmi ceux qui ont indiqué leur situation ; la correspondance avec la PCS a sa "
                + "version."),
        Opinions, Told);

    public static readonly MissionIndicator Pcs = new(
        "pcs_group", 3, "Catégorie socioprofessionnelle (PCS de l'Insee)",
        new(1, "The same people by INSEE's eight groups, beside the population. Shown only when no group has fewer than eleven people: the mission's grid cuts "
            + "the same people otherwise, and the two together would give a hidden one away.",
            "Les mêmes patients selon les huit groupes de l'Insee, à côté de la population. Publié seulement si aucun groupe n'a moins de onze personnes : "
                + "la grille de la mission découpe les mêmes patients autrement, et les deux ensemble révéleraient un groupe masqué."),
        Opinions, Told + " Population : Insee, recensement 2022, 15 ans et plus.");

    public static readonly MissionIndicator Disability = new(
        "disability", 3, "Patients vivant avec un handicap",
        new(1, "Share of yes among the answers yes or no.", "Part de « oui » parmi les réponses « oui » ou « non »."), Opinions, Told);

    public static readonly MissionIndicator Referred = new(
        "referred_by_physician", 4, "Orientation ou recommandation du service par un médecin",
        new(1, "Patients who heard of the service from a physician, or whose physician asked, of those who told how they heard of it or whose physician asked.",
            "Patients ayant connu le service par un médecin, ou pour qui un médecin a fait la demande, parmi ceux qui ont dit comment ils l'ont connu ou "
                + "pour qui un médecin a fait la demande."),
        Opinions, Told);

    public static readonly MissionIndicator Establishments = new(
        "partner_establishments", 4, "Nouveaux partenariats avec des établissements de santé",
        new(1, "Establishments that signed in the year and in no year before.",
            "Établissements signataires dans l'année et dans aucune année antérieure."), "Conventions.", Declared);

    public static readonly MissionIndicator Associations = new(
        "partner_associations", 4, "Nouveaux partenariats avec des associations de patients",
        new(1, "Associations that signed in the year and in no year before.",
            "Associations signataires dans l'année et dans aucune année antérieure : un renouvellement ne compte pas."), "Conventions.", Declared);

    public static readonly MissionIndicator Actions = new(
        "awareness_actions", 4, "Actions de sensibilisation",
        new(1, "Webinars, evenings, mailings and the like held in the year.", "Webinaires, soirées, envois et autres actions menées dans l'année."),
        "Actions déclarées.", Declared);

    public static readonly MissionIndicator PeopleReached = new(
        "people_reached", 4, "Personnes touchées par ces actions",
        new(1, "Sum of the people that each action says it reached; actions that do not say count as none.",
            "Somme des personnes que chaque action déclare avoir touchées ; qui ne le dit pas compte pour zéro."), "Actions déclarées.", Declared);

    public static readonly MissionIndicator Pilots = new(
        "pilots", 4, "Pilotes avec des maisons de santé, CPTS et organismes de formation",
        new(1, "Pilots begun in the year.", "Pilotes engagés dans l'année."), "Pilotes déclarés.", Declared);

    /// <summary>In the order of the report.</summary>
    public static readonly IReadOnlyList<MissionIndicator> All =
    [
        Beneficiaries, OpinionCount, OpinionGrowth, Recommendation, StudyAnswers, StudyRate, Studies, Convergence, ConvergenceByPathology,
        TreatingPhysicianAware, OperationsAvoided,
        DepartmentClass, Category, Pcs, Disability, Referred, Establishments, Associations, Actions, PeopleReached, Pilots,
    ];

    public static IEnumerable<string> Codes => All.Select(i => i.Code);

    /// <summary>Classes of départements, in the order of the report.</summary>
    public static readonly IReadOnlyList<(string Code, string Label)> DepartmentClassNames =
        [("well_served", "Départements bien pourvus"), ("intermediate", "Départements moyennement pourvus"), ("desert", "Déserts médicaux")];

    /// <summary>The mission's grid, in the order of the report.</summary>
    public static readonly IReadOnlyList<(string Code, string Label)> Categories =
    [
        ("csp_plus", "CSP +"), ("employee", "Employés"), ("intermediate", "Professions intermédiaires"), ("other", "Autres"), ("inactive", "Sans activité"),
        ("retired", "Retraités"),
    ];

    /// <summary>INSEE's groups with their share of the population of 15 years and more, in percent (census of 2022).</summary>
    public static readonly IReadOnlyList<(string Code, string Label, double Population)> PcsGroups =
    [
        ("1", "Agriculteurs exploitants", 0.69), ("2", "Artisans, commerçants, chefs d'entreprise", 3.63),
        ("3", "Cadres et professions intellectuelles supérieures", 10.65), ("4", "Professions intermédiaires", 14.36), ("5", "Employés", 15.31),
        ("6", "Ouvriers", 11.64), ("7", "Retraités", 27.8), ("8", "Autres personnes sans activité professionnelle", 15.91),
    ];
}
