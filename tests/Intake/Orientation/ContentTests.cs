using SecondOpinion.Intake;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Consents;
using SecondOpinion.Intake.Geography;
using SecondOpinion.Intake.Orientation;
using SecondOpinion.Intake.Orientation.Letters;
using SecondOpinion.Intake.Safety;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Tests.Intake.Orientation;

/// <summary>The content that non-developers edit: whole, sourced, dated, and said simply.</summary>
public sealed class ContentTests
{
    private static readonly ContentBook Book = ContentBook.Load();

    [Fact]
    public void Every_page_has_source_date_and_a_simplified_version() => Book.Pages.ShouldAllBe(p =>
        p.Sources.Count > 0 && p.Sources.All(s => s.Name.Length > 0 && s.Date.Length >= 4) && p.Reviewed.Year >= 2026 && p.Markdown.Length > 50
            && p.Simple.Markdown.Length > 30);

    [Fact]
    public void Every_kind_is_there_with_the_number_of_pages_that_is_promised()
    {
        ContentPage.Kinds.Where(kind => !Book.OfKind(kind).Any()).ShouldBeEmpty();
        Book.OfKind("guide").Select(p => p.Order).ShouldBe([1, 2, 3, 4]);
        Book.OfKind("faq").Select(p => p.Order).ShouldBe([1, 2, 3, 4, 5]);
        Book.OfKind("structure").Count().ShouldBe(5);
        Book.OfKind("structure").ShouldAllBe(p => !p.Structure!.LetterLegallyRequired);
        Book.OfKind("letter").Select(p => p.Id)
            .ShouldBe(["appointment-file", "appointment-request", "file-request", "file-request-reminder", "note-to-treating-physician"]);
        Book.OfKind("right").Select(p => p.Id).ShouldContain("access-to-file-l1111-7");
    }

    [Theory]
    // What the service does not do is not promised, plainly or simply.
    [InlineData("suicidal-thoughts-3114", "de côté|gardons votre demande")]
    [InlineData("costs", "vous disons le prix")]
    [InlineData("after-the-opinion", "poser des questions au médecin référent|Posez vos questions au médecin sur ce site")]
    [InlineData("help-by-phone-and-disability", "avec votre accord, ou|documents agrandis|ce dont vous avez besoin")]
    [InlineData("consent-and-sharing", "personne par personne|MSSanté")]
    [InlineData("2-can-i-choose-freely", "vous dit pourquoi|en règle d’exercer")]
    [InlineData("puma", "nous suivons ces demandes")]
    [InlineData("note-to-treating-physician", "messagerie sécurisée")]
    // What was wrong stays away.
    [InlineData("hospitalised", "demandez la personne de confiance|doit accepter\\.")]
    [InlineData("ald", "trente maladies")]
    [InlineData("access-to-file-l1111-7", "à toutes les informations|payer les photocopies")]
    [InlineData("transport-vouchers", "ci-dessus")]
    public void A_promise_taken_back_or_a_mistake_mended_does_not_return(string id, string words)
    {
        var page = Book.Find(id)!;
        string.Join('\n', page.Conflicts.Prepend(page.Markdown).Append(page.Simple.Markdown)).ShouldNotMatch(words);
    }

    [Theory]
    [InlineData("step-1-talk-to-your-doctor", "sauf objection sérieuse")]
    [InlineData("hospitalised", "sauf objection sérieuse")]
    [InlineData("right-to-a-second-opinion", "sauf objection sérieuse")]
    [InlineData("no-diagnosis-and-urgent", "116 117")]
    [InlineData("call-15-or-112", "116 117")]
    [InlineData("puma", "AME")]
    [InlineData("costs", "APU")]
    [InlineData("costs", "hors parcours")]
    [InlineData("access-to-file-l1111-7", "C-307/22")]
    public void What_was_missing_is_said(string id, string words) => Book.Find(id)!.Markdown.ShouldContain(words);

    [Theory]
    [InlineData("call-15-or-112", "ne répond pas")]
    [InlineData("call-15-or-112", "tremble")]
    [InlineData("puma", "AME")]
    [InlineData("costs", "première copie est gratuite")]
    public void It_is_said_simply_too(string id, string words) => Book.Find(id)!.Simple.Markdown.ShouldContain(words);

    [Fact]
    public void Every_need_has_help_and_every_structure_an_address_and_a_site()
    {
        ContentPage.HelpNeeds.Keys.Where(need => !Book.OfKind("help").Any(p => p.Needs.Contains(need))).ShouldBeEmpty();
        Book.OfKind("structure").ShouldAllBe(p => p.Structure!.Address.Length > 5 && p.Website!.StartsWith("https://"));
    }

    [Fact]
    public void The_guide_shows_the_state_of_each_page_as_it_is()
    {
        var guide = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "content-guide.md"));
        Book.Pages.Where(p => !guide.Contains($"| `{p.Id}` | {p.Kind} | {p.Reviewed:yyyy-MM-dd} | {p.Simple.Status} |", StringComparison.Ordinal))
            .Select(p => p.Id).ShouldBeEmpty();
    }

    public static TheoryData<string> Pages => [.. ContentBook.Load().Pages.Select(p => p.Id)];

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_simplified_page_keeps_the_rules(string id) =>
        PlainLanguage.Faults(Book.Find(id)!.Simple.Markdown).Select(f => $"line {f.Line}, {f.Rule}: {f.Text}").ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_is_set_as_french_is_printed(string id)
    {
        var page = Book.Find(id)!;
        new[] { page.Title, page.Markdown, page.Simple.Title, page.Simple.Markdown }.Concat(page.Conflicts).SelectMany(FrenchText.Faults).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Quoi ?", "Quoi\u00A0?")]
    [InlineData("« mot »", "«\u00A0mot\u00A0»")]
    [InlineData("Trois choses : une, deux ; trois !", "Trois choses\u00A0: une, deux\u00A0; trois\u00A0!")]
    [InlineData("70 % de 295 EUR", "70\u00A0% de 295\u00A0EUR")]
    [InlineData("https://exemple.example/a?b=c", "https://exemple.example/a?b=c")]
    [InlineData("| a | :-- |", "| a | :-- |")]
    public void French_is_set_by_one_renderer(string typed, string printed)
    {
        FrenchText.Typeset(typed).ShouldBe(printed);
        FrenchText.Typeset(printed).ShouldBe(printed);
        FrenchText.Faults(printed).ShouldBeEmpty();
        FrenchText.Faults(typed).Any().ShouldBe(typed != printed);
    }

    [Theory]
    [InlineData("Quoi?")]
    [InlineData("Attention: danger")]
    public void A_sign_glued_to_its_word_is_found(string typed) => FrenchText.Faults(FrenchText.Typeset(typed)).ShouldNotBeEmpty();

    [Fact]
    public void What_the_code_itself_says_simply_keeps_the_rules_too()
    {
        var texts = ConsentText.All.Select(t => t.Simple)
            .Concat(new[] { "emergency", "suicidal_thoughts", "hospitalised", "urgent_without_diagnosis" }.Select(c => SafetyScreen.Find(c)!.Simple))
            .Concat(SafetyScreen.Signs.Values.Select(s => s.Simple.Replace(". ", ".\n")));
        texts.SelectMany(PlainLanguage.Faults).Select(f => $"{f.Rule}: {f.Text}").ShouldBeEmpty();
    }

    [Fact]
    public void A_page_is_called_falc_only_after_its_validation()
    {
        Book.Pages.ShouldAllBe(p => p.Simple.Status == "falc_validated" || p.Simple.Label == "version simplifiée");
        // Nobody has read them yet, and no text says otherwise.
        Book.Pages.Where(p => p.Simple.Status != "draft").ShouldAllBe(p => p.Simple.ValidatedBy != null && p.Simple.ValidatedOn != null);
        Book.Pages.SelectMany(p => (string[])[p.Markdown, p.Simple.Markdown]).ShouldAllBe(text => !text.Contains("FALC", StringComparison.OrdinalIgnoreCase));
        (Book.Pages[0].Simple with { Status = "falc_validated" }).Label.ShouldBe("FALC");
    }

    [Theory]
    [InlineData("Le médecin lit votre dossier. Il vous répond.", "one_sentence_a_line")]
    [InlineData("Le médecin qui a été choisi pour vous lira avec attention tout votre dossier médical complet.", "long_sentence")]
    [InlineData("Vous payez 30 % du prix.", "sign")]
    [InlineData("Il y a 28 000 000 de personnes.", "large_number")]
    [InlineData("Demandez une ALD.", "acronym")]
    [InlineData("Votre dossier est étudié par un médecin.", "passive")]
    [InlineData("Votre pathologie est grave.", "hard_word")]
    public void The_linter_finds_what_it_is_for(string text, string rule) => PlainLanguage.Faults(text).Select(f => f.Rule).ShouldContain(rule);

    [Theory]
    [InlineData("Appelez le 15 ou le 112.")]
    [InlineData("Appelez le 01 99 00 00 01.")]
    [InlineData("Écrivez un SMS au 114.\nUn SMS est un message écrit sur le téléphone.")]
    [InlineData("ALD veut dire : maladie longue.\nDemandez une ALD.")]
    [InlineData("## Que pouvez-vous faire ?\n\n- Parlez à votre médecin.")]
    public void The_linter_leaves_plain_text_alone(string text) => PlainLanguage.Faults(text).ShouldBeEmpty();

    public static TheoryData<string, string, string> Broken => new()
    {
        { "kind: right", "kind: joke", "kind 'joke' is unknown" },
        { "date: \"2002\"", "date: \"soon\"", "a source with a name and a date is missing" },
        { "  - name: \"Loi\"\n    date: \"2002\"", "  - name: \"Loi\"\n    date: \"2002\"\n    readOn: \"2026-11-22\"", "a source has one of date" },
        { "  - name: \"Loi\"\n    date: \"2002\"", "  - name: \"Code civil, article 459\"\n    readOn: \"2026-11-22\"", "an article is cited in a version" },
        { "    date: \"2002\"", "    url: \"https://www.legifrance.gouv.fr/codes/texte_lc/LEGITEXT000006072665/\"\n    date: \"2002\"", "an address of a "
            + "whole code" },
        { "kind: right", "kind: help", "a page of help names the needs" },
        { "kind: right", "kind: structure\nregion: \"x\"\naccessModes:\n  - online\nletterAdvised: false\nletterLegallyRequired: false", "a structure needs" },
        { "status: draft", "status: falc_validated", "falc_validated needs validatedBy" },
        { "status: draft", "status: reviewed", "reviewed needs validatedBy" },
        { "id: page", "id: other", "its id is not its file's name" },
        { "title: \"Un droit\"", "titel: \"Un droit\"", "line" },
        { "reviewed: \"2026-11-22\"", "reviewed: \"hier\"", "'hier' is not a day" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_page_is_refused_with_its_name(string good, string bad, string sentence)
    {
        const string page =
            "---\nid: page\nkind: right\ntitle: \"Un droit\"\nsource:\n  - name: \"Loi\"\n    date: \"2002\"\nreviewed: \"2026-11-22\"\nstatus: "
                + "draft\nconflicts: []\n---\nTexte.\n";
        const string twin = "---\nid: page\ntitle: \"Un droit\"\nreviewed: \"2026-11-22\"\n---\nTexte.\n";

        ContentBook.ReadPage("page.md", page, twin).Title.ShouldBe("Un droit");
        var message = Should.Throw<InvalidDataException>(() => ContentBook.ReadPage("page.md", page.Replace(good, bad), twin)).Message;
        message.ShouldStartWith("page.md");
        message.ShouldContain(sentence);
    }

    [Fact]
    public void Figures_have_sources_and_show_who_contradicts_them()
    {
        foreach (var figure in Book.Delays.Concat(Book.Costs))
        {
            figure.Source.ShouldNotBeEmpty();
            figure.Date.ShouldNotBeEmpty();
        }

        // The seeds disagree; both stay, each pointing at the other.
        Book.Costs.Single(c => c.Id == "online_list_price").ConflictsWith.ShouldContain("online_covered");
        Book.Delays.Single(d => d.Id == "online_report").ConflictsWith.ShouldContain("online_article");
        Book.Costs.Single(c => c.Value == "23").Note.ShouldStartWith("PÉRIMÉ");
    }

    [Fact]
    public void Cancer_centres_are_where_their_commune_is()
    {
        var communes = Communes.Load();
        Book.CancerCentres.Count.ShouldBeGreaterThanOrEqualTo(20);
        // In Corsica the number begins with the département as well; none of these stands there.
        Book.CancerCentres.ShouldAllBe(c => c.Finess.StartsWith(communes.DepartmentOf(c.CommuneCode)!, StringComparison.Ordinal));
    }

    [Fact]
    public void Letters_use_exactly_the_fields_they_declare() =>
        Book.OfKind("letter").ShouldAllBe(l => LetterTemplate.Used(l).SetEquals(l.Placeholders.Select(p => p.Name)));

    [Fact]
    public void The_screen_judges_every_combination_with_danger_first()
    {
        foreach (var bits in Enumerable.Range(0, 32))
        {
            bool Bit(int i) => (bits >> i & 1) == 1;
            var answers = new SafetyAnswers(Bit(0) ? ["chest_pain"] : [], Bit(1), Bit(2), Bit(3), Bit(4));
            var expected = Bit(0)
                ? "emergency"
                : Bit(1) ? "suicidal_thoughts" : Bit(2) ? "hospitalised" : !Bit(3) && Bit(4) ? "urgent_without_diagnosis" : null;
            SafetyScreen.Judge(answers)?.Code.ShouldBe(expected);
            (SafetyScreen.Judge(answers) is null).ShouldBe(expected is null);
        }
    }

    [Fact]
    public void Departments_come_from_the_commune_and_not_from_the_post_code()
    {
        var communes = Communes.Load();
        communes.DepartmentOf("2A004").ShouldBe("2A");
        communes.DepartmentOf("2B033").ShouldBe("2B");
        communes.DepartmentOf("97411").ShouldBe("974");
        communes.DepartmentOf("75115").ShouldBe("75");
        communes.DepartmentOf("20000").ShouldBeNull();
        PathologyCatalogue.Load().Pathologies.Count.ShouldBePositive();
    }
}
