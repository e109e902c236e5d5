using SecondOpinion.Intake.Cases;
using SecondOpinion.ServiceDefaults.Problems;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Intake;

/// <summary>The refusals of intake. A code is never reused for something else.</summary>
internal static class Problems
{
    public static readonly ProblemType WrongState =
        new ProblemType("INT-0001", 409, "The case does not allow that now", "Le dossier ne permet pas cela maintenant")
        .Explained(
            "L'état du dossier ne permet pas cette opération.",
            "Ajouter un document à un dossier déjà confié à un médecin, sans question de sa part.",
            "« state » donne l'état et « allowed » ce qui peut être demandé maintenant ; relisez le dossier et proposez ces actions.");
    public static readonly ProblemType ConsentMissing =
        new ProblemType("INT-0002", 409, "The consent to processing is missing", "Il manque l'accord pour le traitement des données")
        .Explained(
            "L'accord pour le traitement des données de santé n'a pas été donné, ou a été retiré.",
            "Le dossier est envoyé avant que la personne n'ait lu et accepté le texte.",
            "Montrez le texte que donne ListConsentTexts, puis enregistrez le choix par RecordConsent avant d'envoyer le dossier.");
    public static readonly ProblemType DocumentEmpty = new ProblemType("INT-0003", 400, "The file is empty", "Le fichier est vide")
        .Explained(
            "Le fichier reçu ne contient aucun octet.",
            "Une photo encore dans le nuage du téléphone, dont seul le nom a été envoyé.",
            "Ouvrez le fichier sur l'appareil pour vérifier qu'il s'affiche, puis choisissez-le à nouveau.");
    public static readonly ProblemType DocumentTypeRefused =
        new ProblemType("INT-0004", 415, "This kind of file is not accepted", "Ce type de fichier n'est pas accepté")
        .Explained(
            "Le contenu n'est celui d'aucun type de document accepté. Le nom et le type annoncés ne comptent pas.",
            "Une vidéo, un tableur, ou une page web enregistrée.",
            "Enregistrez le document en PDF, ou envoyez une photo ou les images DICOM telles que le CD les contient.");
    public static readonly ProblemType DocumentDamaged =
        new ProblemType("INT-0005", 422, "The file is damaged or incomplete", "Le fichier est abîmé ou incomplet")
        .Explained(
            "Le fichier commence comme un document accepté, mais il est coupé ou abîmé : il ne s'ouvre pas.",
            "Un téléchargement interrompu, ou une copie depuis un CD rayé.",
            "Vérifiez que le fichier s'ouvre chez vous, copiez-le de nouveau depuis sa source, puis renvoyez-le en entier.");
    public static readonly ProblemType DocumentTooLarge = new ProblemType("INT-0006", 413, "The file is too large", "Le fichier est trop volumineux")
        .Explained(
            "Ce document dépasse à lui seul la taille permise.",
            "Un CD entier dans un seul fichier.",
            "Envoyez les images ou les comptes rendus un par un, ou réduisez la résolution d'une numérisation.");
    public static readonly ProblemType DocumentDisguised =
        new ProblemType("INT-0007", 415, "The file is a program in disguise", "Le fichier contient un programme déguisé")
        .Explained(
            "Le contenu est celui d'un programme, quel que soit le nom du fichier.",
            "Le lecteur d'images fourni sur le CD (viewer.exe) au lieu des images.",
            "Envoyez les documents eux-mêmes. Si vous n'attendiez pas de programme, faites examiner l'appareil d'où vient le fichier.");
    public static readonly ProblemType TooManyDocuments =
        new ProblemType("INT-0008", 409, "The case holds too many documents", "Le dossier contient trop de documents")
        .Explained(
            "Le dossier contient déjà le nombre de documents permis.",
            "Chaque coupe d'une IRM est envoyée comme un document à part.",
            "Retirez les documents en double ou inutiles, ou réunissez les pages dans un seul PDF.");
    public static readonly ProblemType OtherQuestionnaire =
        new ProblemType("INT-0009", 409, "The answers belong to another questionnaire", "Les réponses correspondent à un autre questionnaire")
        .Explained(
            "Les réponses ont été données à un autre questionnaire que celui du dossier, ou à une autre version.",
            "L'application a gardé une ancienne version du questionnaire après sa mise à jour.",
            "Relisez le dossier : « questionnaire », « questionnaireVersion » et « generalVersion » disent lequel charger par GetQuestionnaire.");
    public static readonly ProblemType NoOpinionYet = new ProblemType("INT-0010", 404, "There is no opinion yet", "Il n'y a pas encore d'avis")
        .Explained(
            "Aucun avis n'est signé pour ce dossier.",
            "L'application cherche l'avis alors que le médecin étudie encore le dossier.",
            "Attendez que le dossier soit rendu ; « dueAt » donne la date promise.");
    public static readonly ProblemType CoverageQuestionInvalid =
        new ProblemType("INT-0011", 400, "The insurer cannot read the member's details", "La complémentaire ne peut pas lire les informations d'adhérent")
        .Explained(
            "Les informations d'adhérent ne permettent pas d'interroger la complémentaire santé.",
            "Un numéro AMC dont il manque un chiffre.",
            "Recopiez le numéro AMC et le numéro d'adhérent de la carte de tiers payant en cours, et vérifiez la date de naissance.");
    public static readonly ProblemType InformationAlreadyGiven =
        new ProblemType("INT-0012", 409, "This question was already answered", "Cette question a déjà reçu une réponse")
        .Explained(
            "Cette question du médecin a déjà sa réponse, qui ne change plus.",
            "La page est restée ouverte et la réponse est envoyée une deuxième fois.",
            "Relisez le dossier : la réponse y figure. Pour ajouter quelque chose, attendez une autre question.");

    public static readonly ProblemType CaseFull =
        new ProblemType("INT-0020", 413, "The documents together are too large", "Les documents sont trop volumineux ensemble")
        .Explained(
            "Les documents du dossier, ou tous ceux de la personne, atteignent ensemble la taille permise.",
            "Trois IRM complètes dans un même dossier.",
            "Retirez un document devenu inutile, ou envoyez seulement la série dont le compte rendu parle.");

    public static readonly ProblemType DocumentLocked = new ProblemType("INT-0021", 422, "The file needs a password", "Le fichier demande un mot de passe")
        .Explained(
            "Le PDF ne s'ouvre qu'avec un mot de passe, que le médecin n'a pas.",
            "Un résultat de laboratoire protégé par la date de naissance.",
            "Ouvrez-le avec son mot de passe, imprimez-le dans un nouveau PDF qui n'en a pas, puis envoyez cette copie.");
    public static readonly ProblemType DocumentIndexOnly = new ProblemType("INT-0022", 422, "The file is only the index of a CD",
        "Le fichier n'est que le sommaire d'un CD")
        .Explained(
            "Le fichier est le sommaire d'un CD d'imagerie : il nomme les images, mais n'en contient aucune.",
            "Le fichier DICOMDIR, choisi seul à la racine du CD.",
            "Envoyez les fichiers d'images, le plus souvent dans le dossier DICOM ou IMAGES du CD.");
    public static readonly ProblemType FileClosed = new ProblemType("INT-0023", 404, "The file is no longer open to this physician",
        "Ce dossier n'est plus accessible à ce médecin")
        .Explained(
            "Le médecin n'a plus de raison de lire ce dossier : l'accord est retiré, le dossier aussi, ou le délai après l'avis est passé.",
            "Le patient retire son accord pendant que le médecin lit le dossier.",
            "Il n'y a rien à faire : le dossier quitte la liste du médecin. Le patient peut rendre son accord tant que son dossier est ouvert.");
    public static readonly ProblemType TooManyOpenCases = new ProblemType("INT-0024", 409, "This person has several open cases already",
        "Cette personne a déjà plusieurs dossiers en cours")
        .Explained(
            "Cette personne a déjà autant de dossiers en cours que permis.",
            "Un nouveau dossier est ouvert à chaque visite au lieu de reprendre le brouillon.",
            "Cherchez le dossier en cours par ListCases et terminez-le, ou retirez celui qui ne sert plus.");
    public static readonly ProblemType TooManyCoverageChecks = new ProblemType("INT-0025", 429, "Too many coverage checks", "Trop de vérifications de droits")
        .Explained(
            "Trop de vérifications de droits ont été demandées, ou sur trop de personnes que la complémentaire ne connaît pas.",
            "Le numéro d'adhérent est essayé au hasard.",
            "Attendez la durée de Retry-After et recopiez le numéro de la carte. Un agent du téléphone vérifie la carte avec la personne.");
    public static readonly ProblemType AccountBound = new ProblemType("INT-0026", 409, "This account has asked about other members already",
        "Ce compte a déjà été utilisé pour d'autres adhérents")
        .Explained(
            "Un compte interroge sa propre famille et une autre au plus : celui-ci a déjà servi à d'autres adhérents.",
            "Un proche ouvre des dossiers pour plusieurs familles depuis un seul compte.",
            "Chaque famille ouvre ses dossiers depuis son propre compte. Après un changement de complémentaire, contactez l'assistance.");

    public static readonly ProblemType TusVersion =
        new ProblemType("INT-0040", 412, "This version of tus is not spoken", "Cette version de tus n'est pas prise en charge")
        .Explained(
            "La version du protocole tus annoncée n'est pas celle que ce service parle.",
            "Un client ancien n'envoie pas l'en-tête Tus-Resumable.",
            "Envoyez Tus-Resumable avec la valeur 1.0.0, que OPTIONS donne dans Tus-Version.");
    public static readonly ProblemType UploadOffset =
        new ProblemType("INT-0041", 409, "The piece does not begin where the last one ended", "Cet envoi ne commence pas où le précédent s'est arrêté")
        .Explained(
            "Le morceau envoyé ne commence pas à la fin de ce qui est déjà là.",
            "Après une coupure, le client reprend depuis le début du fichier.",
            "Demandez la position par HEAD (en-tête Upload-Offset) et reprenez à cet octet.");
    public static readonly ProblemType UploadBusy =
        new ProblemType("INT-0042", 423, "Another piece of this upload is arriving", "Un autre envoi est en cours pour ce fichier")
        .Explained(
            "Un autre morceau du même envoi est en train d'arriver.",
            "Le téléphone reprend l'envoi alors que l'ancienne connexion n'est pas encore tombée.",
            "Attendez un instant, demandez la position par HEAD, puis reprenez.");
    public static readonly ProblemType UploadOver =
        new ProblemType("INT-0043", 410, "This upload is over", "Cet envoi est terminé")
        .Explained(
            "Cet envoi est terminé, annulé ou trop ancien : il ne prend plus rien.",
            "Un envoi laissé de côté plusieurs jours est repris.",
            "Relisez le dossier : le document y est peut-être. Sinon, commencez un nouvel envoi.");
    public static readonly ProblemType UploadChecksum =
        new ProblemType("INT-0044", 460, "The piece does not have its checksum", "L'empreinte de cet envoi ne correspond pas")
        .Explained(
            "L'empreinte annoncée n'est pas celle des octets reçus : le morceau n'a pas été gardé.",
            "Un appareil du réseau a modifié les octets en route.",
            "Renvoyez le même morceau depuis la même position, avec l'empreinte calculée sur ce qui est envoyé.");
    public static readonly ProblemType MinorAlone =
        new ProblemType("INT-0027", 409, "Before 18 an adult asks", "Avant 18 ans, un adulte fait la demande")
        .Explained(
            "La personne malade a moins de 18 ans : la demande vient d'un adulte qui a autorité sur elle.",
            "Un adolescent ouvre un dossier depuis son propre compte.",
            "Un parent qui a l'autorité parentale, ou le tuteur, ouvre le dossier. La page « Vous avez moins de 18 ans » dit vos droits.");

    public static readonly ProblemType QuestionLapsed =
        new ProblemType("INT-0028", 409, "The question no longer waits for an answer",
        "La question n'attend plus de réponse")
        .Explained(
            "La question du médecin est restée trop longtemps sans réponse et n'en attend plus.",
            "La réponse est envoyée des semaines après le rappel.",
            "Relisez le dossier : le médecin continue avec ce qu'il a, et peut poser une autre question.");

    public static Problem NoLongerAsked() => QuestionLapsed.Because(
        "It was open for too long, and the physician goes on with what there is.",
        "Elle est restée trop longtemps sans réponse : le médecin continue avec ce qu'il a.");

    /// <summary>Sources: L.1111-2, L.1111-5 and L.1111-7 of the Code de la santé publique; page `minors-l1111-5`.</summary>
    public static Problem AskedByMinor() => MinorAlone.Because(
        "A parent with parental authority or a guardian opens the case. A minor is informed and takes part in decisions; to safeguard the health "
        + "of a minor who wants it kept secret from the parents, a physician may do without their consent, an adult of the minor's choice being there "
        + "(L.1111-5). See /api/v1/orientation/pages/minors-l1111-5.",
        "Avant 18 ans, un parent qui a l'autorité parentale, ou le tuteur, fait la demande. Votre avis compte : vous êtes informé et vous participez aux "
        + "décisions. Si vous ne voulez pas que vos parents le sachent, parlez-en à un médecin : quand votre santé le demande, la loi lui permet de vous "
        + "soigner en gardant le secret, avec un adulte que vous choisissez (article L.1111-5 du Code de la santé publique). Tout est "
        + "expliqué à la page « Vous avez moins de 18 ans ».");

    public static readonly ProblemType DocumentHarmful =
        new ProblemType("INT-0045", 415, "The file could do harm when it is opened", "Le fichier pourrait nuire à l'ouverture")
        .Explained(
            "Le fichier contient de quoi nuire à qui l'ouvre : une macro, un lien vers l'extérieur, un programme caché.",
            "Un document de traitement de texte avec des macros, ou une archive qui se déplie sans fin.",
            "Enregistrez le document en PDF et envoyez ce PDF ; d'un CD, envoyez seulement les images.");
    public static readonly ProblemType PictureTooLargeToOpen =
        new ProblemType("INT-0046", 422, "The picture is too large to open", "L'image est trop grande pour être ouverte")
        .Explained(
            "L'image a bien plus de points que ce qu'un écran peut montrer : elle ne peut pas être ouverte sans risque.",
            "Une numérisation à la plus haute résolution, ou un fichier fait pour épuiser la mémoire.",
            "Enregistrez l'image dans une résolution plus faible, ou en PDF, puis envoyez cette copie.");

    public static readonly ProblemType DocumentInfected =
        new ProblemType("INT-0047", 422, "The file carries malware", "Le fichier contient un logiciel malveillant")
        .Explained(
            "L'antivirus a reconnu un logiciel malveillant dans le fichier, qui n'est pas gardé.",
            "Une pièce jointe infectée, enregistrée depuis un courriel.",
            "Faites examiner l'appareil par un antivirus, puis demandez le document de nouveau à qui l'a établi.");

    public static readonly ProblemType RecordMustBeKept =
        new ProblemType("INT-0048", 409, "The medical record must be kept", "Le dossier médical doit être conservé")
        .Explained(
            "Un avis a été rendu : le dossier est un dossier médical, gardé un temps fixé, et ne peut pas être effacé avant.",
            "Une personne demande l'effacement après avoir lu l'avis.",
            "« keptUntil » donne le jour de l'effacement. D'ici là, le retrait de l'accord (RecordConsent) ferme aussitôt le dossier à tout médecin.");
    public static readonly ProblemType NotArchived = new ProblemType("INT-0049", 409, "The case is not archived", "Le dossier n'est pas archivé")
        .Explained(
            "Seul un dossier archivé peut être rouvert.",
            "Le dossier est encore dans sa période d'usage courant, ou il a été effacé.",
            "Si la personne ne retrouve pas un dossier encore en usage, vérifiez le compte avec lequel elle se connecte.");

    /// <param name="day">When it will be erased.</param>
    public static Problem KeptUntil(DateOnly day) => RecordMustBeKept.Because(
            $"An opinion was given: the record is kept until {day:yyyy-MM-dd}. Withdrawing the consent `processing` ends every physician's access now.",
            $"Un avis a été rendu : le dossier médical est gardé jusqu'au {day:dd/MM/yyyy}, puis effacé (RGPD, article 17, paragraphe 3). "
            + "Vous pouvez retirer votre accord dès maintenant : plus aucun médecin ne le lira.")
        .With("keptUntil", day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));

    public static Problem NotInArchive() => NotArchived.Because(
        "The case is in active use or erased.", "Ce dossier est encore en usage courant, ou il a été effacé.");

    /// <param name="state">Where the case stands; the answer names what can be asked for instead.</param>
    public static Problem CaseIs(CaseState state)
    {
        var open = CaseWords.Open(state);
        var allowed = open.Select(m => m.Word()).ToArray();
        return WrongState.Because(
                $"The case is {state.Word()}; what can be asked for now: {(allowed.Length == 0 ? "nothing" : string.Join(", ", allowed))}.",
                $"Le dossier est {CaseWords.French(state)}. "
                + (open.Count == 0 ? "Il ne change plus." : $"Vous pouvez : {string.Join(", ", open.Select(m => CaseWords.Routes[m].French))}."))
            .With("state", state.Word()).With("allowed", allowed);
    }

    public static Problem ProcessingNotAgreed() => ConsentMissing.Because(
        "Record the patient's consent `processing` before submitting.",
        "Donnez d'abord votre accord pour le traitement de vos données (consentement « processing »).",
        new FieldError("#/consents/processing", "missing", "Cet accord est nécessaire pour qu'un médecin lise votre dossier."));

    public static Problem NoLongerReadable() => FileClosed.Because(
        "The patient took the consent back, the case was withdrawn, or the time for questions after the delivery is over.",
        "Le patient a retiré son accord, le dossier a été retiré, ou le délai après la remise de l'avis est passé.");

    /// <param name="most">Cases of a person that may be open at one time.</param>
    public static Problem OpenAlready(int most) => TooManyOpenCases.Because(
        $"At most {most} cases of a person are open at a time. Finish or withdraw one first.",
        $"Une personne a au plus {most} dossiers en cours. Terminez-en un, ou retirez-le.");

    public static Problem CheckedTooOften() => TooManyCoverageChecks.Because(
        "Asked too often, or about too many people who are not known.",
        "Trop de vérifications, ou trop de personnes inconnues demandées. Réessayez plus tard.").RetryAfter(360);

    public static Problem OtherFamilies() => AccountBound.Because(
        "An account asks for its own family and one other. Contact support after a change of insurer.",
        "Un compte sert à une famille et à une autre au plus. Après un changement de mutuelle, contactez l'assistance.");

    public static Problem MemberUnreadable() => CoverageQuestionInvalid.Because(
        "Check the insurer's number, the member number and the birth date.",
        "Vérifiez le numéro AMC, le numéro d'adhérent et la date de naissance.",
        new FieldError("#/coverage", "unreadable", "Ces informations ne permettent pas d'interroger la complémentaire."));

    /// <param name="code">The questionnaire that the case answers.</param>
    /// <param name="version">Its version.</param>
    public static Problem CaseAnswers(string code, int version) => OtherQuestionnaire.Because(
        $"This case answers {code} version {version}.", $"Ce dossier répond au questionnaire {code}, version {version}.");

    public static Problem AnsweredBefore() => InformationAlreadyGiven.Because("The physician has your answer.", "Le médecin a déjà votre réponse.");

    public static Problem NotSignedYet() => NoOpinionYet.Because("The physician has not signed it yet.", "Le médecin ne l'a pas encore signé.");

    public static Problem NoByte() => DocumentEmpty.Because(
        "The file holds no byte.", "Le fichier ne contient rien : choisissez-le à nouveau.", new FieldError("#/body", "empty", "Le fichier est vide."));

    public static Problem LargerThan(long maxBytes) => DocumentTooLarge.Because(
        $"A document has at most {maxBytes} bytes.", $"Un document pèse au plus {Mega(maxBytes)} Mo.");

    /// <param name="mediaType">What it looks like.</param>
    /// <param name="where">Where it is damaged; French.</param>
    public static Problem Damaged(string mediaType, string where) => DocumentDamaged.Because(
        $"The file looks like {mediaType} but is cut off or damaged. Send it again.",
        $"{where} Envoyez le fichier à nouveau.",
        new FieldError("#/body", "damaged", where));

    public static Problem NeedsPassword() => DocumentLocked.Because(
        "This file opens only with a password, which the physician does not have. Open it, print it to a new PDF without a password, and send that copy.",
        "Ce fichier ne s'ouvre qu'avec un mot de passe, que le médecin n'a pas. Ouvrez-le, « imprimez-le » dans un nouveau PDF sans mot de passe, puis "
        + "envoyez cette copie.",
        new FieldError("#/body", "password", "Enregistrez une copie sans mot de passe et envoyez-la."));

    public static Problem OnlyIndex() => DocumentIndexOnly.Because(
        "This is the index (DICOMDIR) of a CD: it holds no image. Send the image files of the CD, usually in its folder DICOM or IMAGES.",
        "Ce fichier est le sommaire (DICOMDIR) d'un CD : il ne contient aucune image. Envoyez les fichiers d'images du CD, le plus souvent dans son "
        + "dossier DICOM ou IMAGES.",
        new FieldError("#/body", "index_only", "Envoyez les images du CD, pas son sommaire."));

    /// <param name="found">Code of the kind of program.</param>
    public static Problem Disguised(string found) => DocumentDisguised.Because(
        $"The content is that of a program ({found}).",
        "Le contenu de ce fichier est celui d'un programme, quel que soit son nom.",
        new FieldError("#/body", found, "Ce fichier n'est pas un document médical."));

    public static Problem OtherTus() => TusVersion.Because(
        $"Send `Tus-Resumable: {Documents.Uploads.Tus.Version}`.", $"Envoyez « Tus-Resumable: {Documents.Uploads.Tus.Version} ».");

    /// <param name="offset">Where the next piece begins.</param>
    public static Problem GoOnFrom(long offset) => UploadOffset.Because(
        "Go on from the offset in Upload-Offset.", "Reprenez à la position indiquée par Upload-Offset.").With("offset", offset);

    public static Problem UploadArriving() => UploadBusy.Because(
        "Wait until it has ended, then ask with HEAD where to go on.", "Attendez sa fin, puis demandez avec HEAD où reprendre.").RetryAfter(2);

    /// <param name="code">Why the file was refused.</param>
    public static Problem UploadEnded(string code) => UploadOver.Because(
        $"The file was refused ({code}): it is no document of the case. See what that code asks for, then begin a new upload.",
        $"Le fichier a été refusé ({code}). Voyez ce que ce code demande, puis commencez un nouvel envoi.").With("refusalCode", code);

    public static Problem OtherChecksum() => UploadChecksum.Because(
        "Nothing of the piece is taken; send it again.", "Rien de cet envoi n'est pris ; renvoyez-le.");

    public static Problem NotAsAnnounced() => DocumentDamaged.Because(
        "The file that came is not the one announced (its SHA-256 differs): it changed on the way. Send it again.",
        "Le fichier reçu n'est pas celui qui a été annoncé : il a changé pendant l'envoi. Envoyez le fichier à nouveau.",
        new FieldError("#/body", "content_changed", "Le fichier a changé pendant l'envoi."));

    /// <param name="code">What it would do.</param>
    /// <param name="sentence">The same for a person; French.</param>
    public static Problem Harmful(string code, string sentence) => DocumentHarmful.Because(
        $"The file is refused ({code}). Save it as PDF, or send the images of the CD as a plain ZIP.",
        $"{sentence} Ce fichier n'est pas pris.", new FieldError("#/body", code, sentence));

    public static Problem Infected() => DocumentInfected.Because(
        "A scanner knows what is in this file as malware. Have your device checked, and ask whoever made the document for it again.",
        "Un antivirus reconnaît un logiciel malveillant dans ce fichier. Faites vérifier votre appareil, et redemandez le document à qui l'a établi.",
        new FieldError("#/body", "malware", "Un logiciel malveillant a été reconnu."));

    public static Problem PictureTooLarge() => PictureTooLargeToOpen.Because(
        $"A picture has at most {Documents.Pictures.PictureChild.MostPoints / 1_000_000} million points and 300 pages. Send a smaller copy.",
        $"Une image a au plus {Documents.Pictures.PictureChild.MostPoints / 1_000_000} millions de points et 300 pages. Envoyez une copie plus petite.",
        new FieldError("#/body", "too_many_points", "L'image est trop grande."));

    public static Problem UnknownKind() => DocumentTypeRefused.Because(
        "Send a PDF, a DICOM file or a CD of them as ZIP, a picture (JPEG, PNG, HEIC, TIFF), a text, CDA, DOCX or ODT.",
        "Envoyez un fichier PDF, DICOM ou le CD d'images en ZIP, une image (JPEG, PNG, HEIC, TIFF), un texte, un CDA, un DOCX ou un ODT.",
        new FieldError("#/body", "unknown_type", "Le type de ce fichier n'est pas reconnu."));

    public static Problem HoldsAlready(int maxDocuments) => TooManyDocuments.Because(
        $"A case holds at most {maxDocuments} documents.", $"Un dossier contient au plus {maxDocuments} documents.");

    public static Problem CaseHolds(long usedBytes, long maxBytes) => CaseFull.Because(
        $"The documents of a case may have {Mega(maxBytes)} MB together; {Mega(usedBytes)} MB are used. Remove one, or send a smaller file.",
        $"Les documents d'un dossier pèsent au plus {Mega(maxBytes)} Mo ensemble ; {Mega(usedBytes)} Mo sont déjà pris. Retirez-en un, ou envoyez un "
        + $"fichier plus petit.");

    public static Problem PersonHolds(long usedBytes, long maxBytes) => CaseFull.Because(
        $"All documents of one person may have {Mega(maxBytes)} MB together; {Mega(usedBytes)} MB are used.",
        $"Tous les documents d'une personne pèsent au plus {Mega(maxBytes)} Mo ensemble ; {Mega(usedBytes)} Mo sont déjà pris.");

    public static Problem NoRoom() => CommonProblems.StorageFull.Because(
        "There is no room for documents at the moment. Everything else works; send this file again later. Support has been told.",
        "Il n'y a plus de place pour les documents en ce moment. Le reste du service fonctionne ; renvoyez ce fichier plus tard. L'équipe est "
        + "prévenue.").RetryAfter(3600);

    private static long Mega(long bytes) => bytes / 1_000_000;

    public static readonly IReadOnlyList<ProblemType> All =
    [
        WrongState, ConsentMissing, DocumentEmpty, DocumentTypeRefused, DocumentDamaged, DocumentTooLarge, DocumentDisguised,
        TooManyDocuments, CaseFull, DocumentLocked, DocumentIndexOnly, OtherQuestionnaire, NoOpinionYet, CoverageQuestionInvalid, InformationAlreadyGiven,
        TusVersion, UploadOffset, UploadBusy, UploadOver, UploadChecksum, DocumentHarmful, PictureTooLargeToOpen, DocumentInfected, FileClosed,
        TooManyOpenCases, TooManyCoverageChecks, AccountBound, MinorAlone, QuestionLapsed,
    ];

    public static Problem NotAPiece(string type) => CommonProblems.UnsupportedMediaType.Because(
        $"A piece is sent as {type}.", $"Une partie s'envoie avec le type {type}.");
}
