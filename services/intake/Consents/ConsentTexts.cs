using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.Intake.Consents;

/// <summary>What people agree to, word for word. A change of wording is a new version; former ones stay, since consents refer to them.</summary>
internal sealed record ConsentText(string Purpose, int Version, bool RequiredToSubmit, string Text, string Simple)
{
    /// <summary>Without it nobody may read the file.</summary>
    public const string Processing = "processing";

    /// <summary>The opinion may go to the treating physician who is named when it is given, and to no other.</summary>
    public const string Sharing = "sharing_with_treating_physician";

    /// <summary>Asked only when a physician makes the request; the legal regime of the case follows it.</summary>
    public const string Teleexpertise = "teleexpertise";

    /// <summary>An adult who decides lets a relative act; asked by an agent, of the patient, with the review of the proof.</summary>
    public const string RelativeActs = "relative_acts";

    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text)));

    public static readonly IReadOnlyList<ConsentText> All =
    [
        new(Processing, 1, true,
            "J'accepte que mes données de santé soient enregistrées, chiffrées, et lues par le médecin référent choisi pour mon dossier, dans le seul but de "
                + "me donner un deuxième avis. Ma complémentaire santé ne voit ni ma maladie, ni mes documents, ni l'avis. Je peux retirer cet accord à tout "
                + "moment : ma demande s'arrête alors.",
            "J'accepte que mon dossier soit enregistré.\nUn médecin va lire mon dossier.\nMa mutuelle ne voit pas ma maladie.\nJe peux changer d'avis."),
        new(Sharing, 1, false,
            "J'accepte que l'avis soit envoyé à mon médecin traitant par messagerie sécurisée de santé. Ce n'est pas obligatoire et ne change rien à l'avis "
                + "que je reçois.",
            "J'accepte que mon médecin reçoive l'avis.\nJe peux dire non.\nJe reçois le même avis."),
        new(Sharing, 2, false,
            "J'accepte que mon médecin traitant reçoive l'avis. Cet accord ne vaut que pour lui, et je peux le retirer pour l'avenir. Ce n'est pas "
                + "obligatoire et ne change rien à l'avis que je reçois.",
            "J'accepte que mon médecin reçoive l'avis.\nJe peux dire non.\nJe peux changer d'avis.\nJe reçois le même avis."),
        new("contact_after_six_months", 1, false,
            "J'accepte qu'on me recontacte dans six mois pour savoir ce que l'avis m'a apporté. Mes réponses servent à des statistiques anonymes.",
            "J'accepte qu'on m'écrive dans six mois.\nOn me demandera si l'avis m'a aidé."),
        new(Teleexpertise, 1, false,
            "Mon médecin m'a informé qu'il demande pour moi l'avis d'un autre médecin à distance (téléexpertise), et je l'accepte. Je peux retirer cet "
                + "accord : la demande devient alors un conseil qui m'est adressé personnellement.",
            "Mon médecin demande un avis à un autre médecin.\nJ'accepte cette demande.\nJe peux changer d'avis."),
        new(RelativeActs, 1, false,
            "J'accepte que la personne que j'ai choisie fasse pour moi ma demande de deuxième avis : elle remplit le dossier, dépose mes documents et reçoit "
                + "l'avis. Je peux retirer cet accord à tout moment : la demande s'arrête alors.",
            "Une personne que j'ai choisie fait ma demande.\nElle voit mes documents.\nElle reçoit l'avis.\nJe peux changer d'avis."),
    ];

    public static IEnumerable<string> Purposes => All.Select(t => t.Purpose).Distinct();

    public static ConsentText? Latest(string purpose) => All.Where(t => t.Purpose == purpose).MaxBy(t => t.Version);
}
