using System.Globalization;

namespace SecondOpinion.Intake.Reminders;

internal enum ReminderReason
{
    Incomplete,
    Expiry,
    Question,
}

/// <summary>What the mails say. Whoever reads over a shoulder learns of no name, disease, physician or document.</summary>
internal static class ReminderTexts
{
    /// <summary>Days between the warning and the end of an unfinished file.</summary>
    public const int WarningDays = 7;

    /// <param name="reason">Why it is sent.</param>
    /// <param name="portal">Where people sign in.</param>
    /// <param name="days">Days until an unfinished file ends, or an unanswered question lapses.</param>
    public static (string Subject, string Body) Of(ReminderReason reason, Uri portal, int days)
    {
        var (subject, middle) = reason switch
        {
            ReminderReason.Incomplete => ("Votre dossier attend une suite de votre part",
                """
                Vous avez commencé un dossier. Il manque encore quelque chose pour qu'un médecin puisse le lire.

                Votre espace dit ce qui manque, et comment l'obtenir :
                """),
            ReminderReason.Expiry => ("Votre dossier va être fermé",
                $"""
                Vous avez commencé un dossier, et rien n'y a changé depuis longtemps.
                Sans suite de votre part, il sera fermé dans {Count(days)}, et ses documents effacés.

                Pour le garder, ouvrez votre espace et complétez-le :
                """),
            _ => ("Une question attend votre réponse",
                $"""
                Une question vous est posée dans votre dossier. Le délai est arrêté jusqu'à votre réponse.
                Sans réponse dans {Count(days)}, le médecin conclura avec ce qu'il a.

                Pour lire la question et y répondre :
                """),
        };
        return (subject, FrenchText.Typeset(
            $"""
            Bonjour,

            {middle}
            {portal}

            N'envoyez aucun document par courriel, et ne répondez pas à ce message : personne ne le lit.
            Une personne de notre équipe peut vous aider au téléphone.

            Si votre état s'aggrave, n'attendez pas : appelez le 15 ou le 112.

            L'équipe SecondOpinion
            """));
    }

    private static string Count(int days) => days == 1 ? "1 jour" : days.ToString(CultureInfo.InvariantCulture) + " jours";
}
