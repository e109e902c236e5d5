using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing;

/// <summary>Refusals of this service; a code never changes its meaning.</summary>
internal static class Problems
{
    public static readonly ProblemType TooManyChecks = new ProblemType("BIL-0001", 429, "Too many eligibility checks", "Trop de vérifications de droits")
        .Explained(
            "Ce client a demandé trop de vérifications de droits, ou sur trop de personnes inconnues.",
            "Un programme vérifie toute sa base personne par personne.",
            "Attendez la durée de Retry-After ; pour une vérification en masse, envoyez le fichier des bénéficiaires, qui est fait pour cela.");
    public static readonly ProblemType InsurerExists =
        new ProblemType("BIL-0002", 409, "An insurer with this AMC number exists", "Un organisme a déjà ce numéro AMC")
        .Explained(
            "Un organisme est déjà enregistré sous ce numéro AMC.",
            "La même mutuelle est créée une deuxième fois, avec un zéro de tête en plus.",
            "Cherchez-la par ListInsurers et modifiez-la par ChangeInsurer.");
    public static readonly ProblemType RosterOffset =
        new ProblemType("BIL-0003", 409, "The upload stands at another offset", "L'envoi en est à une autre position")
        .Explained(
            "Cet envoi ne commence pas là où le précédent s'est arrêté.",
            "Après une coupure, le programme reprend depuis le début, ou deux envois partent en même temps.",
            "Reprenez à la position que donne l'en-tête Upload-Offset de cette réponse, ou de HEAD sur le contenu.");
    public static readonly ProblemType RosterClosed = new ProblemType("BIL-0004", 409, "This roster upload is closed", "Cet envoi de fichier est terminé")
        .Explained(
            "Cet envoi est terminé : son contenu est complet, ou il n'est plus disponible.",
            "Un morceau est envoyé de nouveau après la fin, ou une reprise est demandée des jours plus tard.",
            "Regardez l'état de l'import par ShowRoster. Pour un autre fichier, annoncez-le par CreateRoster.");
    public static readonly ProblemType NoEarlierRoster =
        new ProblemType("BIL-0005", 409, "There is no such earlier roster version", "Il n'y a pas de version antérieure correspondante")
        .Explained(
            "Aucune version antérieure conservée ne correspond à la demande.",
            "Revenir à une version effacée depuis, ou avant le tout premier fichier.",
            "ListRosterVersions donne les versions conservées ; choisissez-en une plus ancienne que celle en vigueur.");
    public static readonly ProblemType RosterNotWaiting =
        new ProblemType("BIL-0006", 409, "This roster does not wait for approval", "Ce fichier n'attend pas d'accord")
        .Explained(
            "Cet import n'attend pas de décision.",
            "Deux personnes acceptent le même fichier l'une après l'autre.",
            "Relisez l'état de l'import : seul un import en attente d'accord peut être accepté ou refusé.");

    public static readonly ProblemType AccountBound =
        new ProblemType("BIL-0007", 409, "This account has asked about other members already", "Ce compte a déjà été utilisé pour d'autres adhérents")
        .Explained(
            "Ce compte a déjà demandé les droits d'autres familles d'adhérents.",
            "Un même compte de patient sert à vérifier les droits de plusieurs voisins.",
            "Chaque famille vérifie ses droits depuis son compte ; l'assistance délie un compte après un changement de mutuelle.");
    public static readonly ProblemType TooManyStreams = new ProblemType("BIL-0008", 429, "Too many streams of events", "Trop de flux d'événements ouverts")
        .Explained(
            "Ce client suit déjà autant d'imports en direct que permis.",
            "Une page ouverte plusieurs fois, dont chacune garde son flux d'événements.",
            "Fermez un flux, ou demandez de temps en temps l'état par ShowRoster.");

    public static readonly ProblemType NothingToCredit =
        new ProblemType("BIL-0009", 409, "These lines cannot be credited", "Ces lignes ne peuvent pas faire l'objet d'un avoir")
        .Explained(
            "Ces lignes n'existent pas sur la facture, ou un avoir les a déjà reprises.",
            "Deux personnes établissent l'avoir de la même ligne, ou le numéro d'une autre facture est repris.",
            "Relisez la facture et ses avoirs par ListInvoices, puis demandez seulement les lignes qui restent.");
    public static readonly ProblemType FeeNotDue =
        new ProblemType("BIL-0010", 409, "This fee is not due any more", "Cet honoraire n'est plus à verser")
        .Explained(
            "L'honoraire est déjà ordonné à la banque, payé ou annulé.",
            "Un dossier est annulé après l'ordre de virement du mois.",
            "Regardez le relevé du mois par DownloadFeeStatement ; ce qui est déjà payé se règle avec le médecin, hors de cette annulation.");
    public static readonly ProblemType WrongBankFile =
        new ProblemType("BIL-0011", 422, "This is not the bank's file", "Ce n'est pas le fichier de la banque attendu")
        .Explained(
            "Le fichier n'est pas du format attendu de la banque, ou il lui manque ce qui fait une ligne : rien n'en a été pris.",
            "Un relevé en PDF ou un ordre de virement est envoyé à la place du relevé camt.053 ou du compte rendu pain.002.",
            "Téléchargez de nouveau le fichier XML auprès de la banque et envoyez-le tel quel.");
    public static readonly ProblemType NothingToAssign =
        new ProblemType("BIL-0012", 409, "Nothing is open here", "Il n'y a rien à régler ici")
        .Explained(
            "Ce versement est entièrement affecté, ou cette facture est déjà réglée.",
            "Deux personnes affectent le même versement l'une après l'autre.",
            "Relisez les versements en attente et les factures ouvertes, puis affectez seulement ce qui reste.");

    public static readonly ProblemType FundCommitted =
        new ProblemType("BIL-0013", 409, "The fund has granted more than that", "Le fonds a déjà accordé davantage")
        .Explained(
            "Le budget demandé est inférieur à ce que le fonds a déjà accordé et dépensé cette année pour cette classe.",
            "Un budget est réduit en cours d'année sans relire ce qui est engagé.",
            "Relisez l'année du fonds par ShowFund, puis demandez un budget au moins égal à ce qui est engagé et dépensé.");

    public static readonly ProblemType TooManyAwaited =
        new ProblemType("BIL-0014", 409, "Too many payments are awaited", "Trop de paiements sont attendus")
        .Explained(
            "Ce compte a déjà demandé plusieurs paiements qui ne sont pas encore arrivés.",
            "La même demande est refaite à chaque visite au lieu de relire la première.",
            "Payez avec une des références déjà données, ou annulez celles qui ne servent pas par CancelSelfPayment.");
    public static readonly ProblemType SelfPaymentUsed =
        new ProblemType("BIL-0015", 409, "This payment cannot be given up", "Ce paiement ne peut plus être annulé")
        .Explained(
            "Ce paiement sert à un dossier, ou il est déjà annulé ou remboursé.",
            "Le dossier est déjà envoyé avec ce paiement.",
            "Retirez le dossier par WithdrawCase avant que l'avis soit rendu : le remboursement suit.");
    public static readonly ProblemType NoRefundDue =
        new ProblemType("BIL-0016", 409, "No refund is due", "Il n'y a rien à rembourser")
        .Explained(
            "Ce paiement n'est pas à rembourser : il sert encore, ou le remboursement est déjà demandé à la banque.",
            "Deux personnes demandent le même remboursement l'une après l'autre.",
            "Relisez les remboursements dus par ListRefundsDue.");
    public static readonly ProblemType TooManyWebhooks =
        new ProblemType("BIL-0040", 409, "There are as many webhooks as there may be", "Il y a déjà autant de webhooks que permis")
        .Explained(
            "L'organisme a déjà autant d'adresses de webhooks que permis.",
            "Un programme crée une nouvelle adresse à chaque démarrage au lieu de relire celles qui existent.",
            "ListWebhooks les montre : modifiez-en une par ChangeWebhook, ou retirez celles qui ne servent plus par DeleteWebhook.");
    public static readonly ProblemType WebhookStopped =
        new ProblemType("BIL-0041", 409, "This webhook is stopped", "Ce webhook est arrêté")
        .Explained(
            "Rien n'est plus envoyé à cette adresse : elle n'a rien accepté pendant trois jours, ou elle a répondu 410.",
            "Le serveur qui recevait les événements a été arrêté, puis remplacé à la même adresse.",
            "Reprenez l'adresse par ChangeWebhook, avec l'état actif, puis renvoyez ce qui manque ; ListEvents donne aussi les événements.");

    /// <summary>The same words whether the insurer knows that member or not.</summary>
    public static Problem OtherFamilies() => AccountBound.Because(
        "An account may ask about its own family and one other. Contact support after a change of insurer.",
        "Un compte sert à une famille et à une autre au plus. Après un changement de mutuelle, contactez l'assistance.");

    public static Problem StreamsOpen(int most) => TooManyStreams.Because(
            $"A client has at most {most} streams of events open. Close one, or ask for the state itself.",
            $"Un client a au plus {most} flux d'événements ouverts. Fermez-en un, ou demandez l'état de l'import.")
        .RetryAfter(5);

    public static Problem AskedTooOften(TimeSpan wait) => TooManyChecks.Because(
            "This client has asked too often, or about too many people who are not known.",
            "Trop de vérifications, ou trop de personnes inconnues demandées. Réessayez plus tard.")
        .RetryAfter((int)Math.Ceiling(wait.TotalSeconds));

    public static Problem AmcNumberTaken() => InsurerExists.Because("Change the existing one instead.", "Modifiez plutôt l'organisme existant.");

    /// <param name="offset">Where the next piece begins.</param>
    public static Problem GoOnFrom(long offset) => RosterOffset.Because(
            "Go on from the offset in Upload-Offset; another piece may still be arriving.",
            "Reprenez à la position indiquée par Upload-Offset ; un autre envoi est peut-être en cours.")
        .With("offset", offset);

    public static Problem ContentComplete() =>
        RosterClosed.Because("Its content is complete. Announce a new file.", "Son contenu est complet. Annoncez un nouveau fichier.");

    public static Problem UploadGone() => RosterClosed.Because(
        "It ended for good, or its upload is gone. Announce a new file.",
        "Il est terminé, ou le fichier reçu n'est plus disponible. Annoncez un nouveau fichier.");

    public static Problem MoreThanAnnounced() => CommonProblems.TooLarge.Because(
        "More was sent than announced: nothing of it is taken. Announce the file anew with its exact size in bytes.",
        "L'envoi dépasse la taille annoncée : rien n'est pris. Annoncez de nouveau le fichier, avec sa taille exacte en octets.");

    public static Problem NoSuchVersion() => NoEarlierRoster.Because("See the list of kept versions.", "Consultez la liste des versions conservées.");

    public static Problem NothingToDecide() => RosterNotWaiting.Because(
        "Only an import in state `awaiting_approval` can be approved or refused.",
        "Seul un import en attente d'accord (awaiting_approval) peut être accepté ou refusé.");

    public static Problem LinesNotThere() => NothingToCredit.Because(
        "Each line is one of the invoice and was not credited before.",
        "Chaque ligne doit être une ligne de la facture qui n'a pas encore fait l'objet d'un avoir.");

    public static Problem FeeGone() => FeeNotDue.Because(
        "It was ordered at the bank, paid or cancelled.", "Il a été demandé à la banque, versé ou annulé.");

    public static Problem NothingOpen() => NothingToAssign.Because(
        "The payment is placed already, or this invoice is not open.", "Ce paiement est déjà affecté, ou cette facture n'est pas à régler.");

    public static Problem LessThanCommitted() => FundCommitted.Because(
        "A budget is at least what is held and spent already.", "Un budget est au moins égal à ce qui est déjà engagé et dépensé.");

    public static Problem AwaitedAlready() => TooManyAwaited.Because(
        "Pay with a reference that was given before, or give it up.", "Payez avec une référence déjà donnée, ou annulez-la.");

    public static Problem PaymentUsed() => SelfPaymentUsed.Because(
        "A case uses it, or it was given up before.", "Un dossier l'utilise, ou il est déjà annulé.");

    public static Problem NothingToRefund() => NoRefundDue.Because(
        "It is in use, or its refund was ordered already.", "Il sert encore, ou son remboursement est déjà demandé.");

    public static Problem NotThisMessage(string message) => WrongBankFile.Because(
        $"Send well-formed ISO 20022 XML that holds {message}.", $"Envoyez un XML ISO 20022 bien formé qui contient {message}.");

    public static Problem WebhooksFull() => TooManyWebhooks.Because(
        $"An insurer has at most {Webhooks.Webhook.Most}. Change or delete one.",
        $"Un organisme en a {Webhooks.Webhook.Most} au plus. Modifiez ou retirez-en un.");

    public static Problem TakeUpFirst() => WebhookStopped.Because(
        "Take it up again with state `active` first, then replay.", "Reprenez-le d'abord (état actif), puis renvoyez.");

    public static readonly IReadOnlyList<ProblemType> All = [TooManyChecks, InsurerExists, RosterOffset, RosterClosed, NoEarlierRoster, RosterNotWaiting,
        AccountBound, TooManyStreams, NothingToCredit, FeeNotDue, WrongBankFile, NothingToAssign, FundCommitted, TooManyAwaited, SelfPaymentUsed,
        NoRefundDue, TooManyWebhooks, WebhookStopped];
}
