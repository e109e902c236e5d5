using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using SecondOpinion.Intake;
using SecondOpinion.Intake.Fhir;
using SecondOpinion.Intake.Questionnaires;
using SecondOpinion.Intake.Safety;
using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Tests.Intake.Questionnaires;

/// <summary>The questionnaires as data, the rules of answering, and their FHIR views.</summary>
public sealed class QuestionnaireTests
{
    private static readonly QuestionnaireBook Book = QuestionnaireBook.Load();

    [Fact]
    public void Every_questionnaire_is_well_made()
    {
        var faults = new List<string>();
        var general = Book.LatestOf(QuestionnaireBook.General).Questions.Select(q => q.Id).ToHashSet();
        foreach (var questionnaire in Book.Latest)
        {
            var seen = new Dictionary<string, Question>();
            foreach (var q in questionnaire.Questions)
            {
                void Must(bool fine, string what)
                {
                    if (!fine)
                    {
                        faults.Add($"{questionnaire.Code}.{q.Id}: {what}");
                    }
                }

                Must(seen.TryAdd(q.Id, q), "id twice");
                Must(questionnaire.Code == QuestionnaireBook.General || !general.Contains(q.Id), "id of general");
                Must(q.Type is QuestionKind.Choice or QuestionKind.MultiChoice == q.Options is { Count: > 1 }, "options");
                Must(q.Options is null || q.Options.Select(o => o.Code).Distinct().Count() == q.Options.Count, "option twice");
                Must(q.Type == QuestionKind.Quantity == (q.Unit is not null), "unit");
                Must(q.Min is null || q.Max is null || q.Min < q.Max, "limits");
                Must(q.Type is not QuestionKind.Integer || q is { Min: >= int.MinValue, Max: <= int.MaxValue }, "a whole number has limits");
                Must(q.Alert is not { } alert || Fits(q, alert.EqualTo) && SafetyScreen.Find(alert.Door) is { Call.Count: > 0 }, "alert");
                Must(q.EnabledWhen is not { } c || seen.TryGetValue(c.Question, out var before) && before != q && Fits(before, c.EqualTo), "condition");
            }
        }

        faults.ShouldBeEmpty();
    }

    [Fact]
    public void Every_question_is_also_said_simply()
    {
        var faults = Book.Latest.SelectMany(q => q.Questions.SelectMany(question => PlainLanguage.Faults(
            string.Join('\n', question.Simple.Split(". ").Select((s, i) => s))).Where(f => f.Rule != "one_sentence_a_line")
            .Select(f => $"{q.Code}.{question.Id}: {f.Rule}: {f.Text}")));
        faults.ShouldBeEmpty();
    }

    [Fact]
    public void The_answers_of_the_sample_case_fit_and_leave_nothing_open()
    {
        var sheet = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "samples", "answers.json"))).RootElement;
        var asked = Book.QuestionsOf(sheet.GetProperty("questionnaire").GetString()!, sheet.GetProperty("version").GetInt32(), 2, new Respondent("F", 37));
        var answers = sheet.GetProperty("answers").EnumerateObject().ToDictionary(a => a.Name, a => a.Value);

        AnswerRules.Faults(asked, answers).ShouldBeEmpty();
        AnswerRules.Missing(asked, answers).ShouldBeEmpty();
    }

    [Fact]
    public void A_question_is_asked_only_when_the_answer_before_calls_for_it()
    {
        var asked = Book.QuestionsOf("endometriosis_gynaecology", 1, 1);
        var without = Answers("""{ "has_allergies": false, "pregnancy_wish": "later" }""");
        var with = Answers("""{ "has_allergies": true, "pregnancy_wish": "now" }""");

        AnswerRules.Applying(asked, without).Select(q => q.Id).ShouldNotContain("allergies");
        AnswerRules.Applying(asked, with).Select(q => q.Id).ShouldContain("allergies");
        AnswerRules.Applying(asked, with).Select(q => q.Id).ShouldContain("trying_to_conceive_months");
    }

    [Theory]
    [InlineData("psychiatry", "suicidal_thoughts", "true", "suicidal_thoughts")]
    [InlineData("cardiology", "chest_pain", "\"now\"", "emergency")]
    [InlineData("spine", "sphincter_trouble", "true", "emergency")]
    [InlineData("urology_prostate", "uro_signs", "[\"pain\", \"retention\"]", "emergency")]
    public void An_answer_that_cannot_wait_names_the_other_door(string questionnaire, string question, string answer, string door)
    {
        var asked = Book.QuestionsOf(questionnaire, 1, 1);

        AnswerRules.Alarming(asked, Answers($$"""{ "{{question}}": {{answer}} }""")).ShouldHaveSingleItem().Alert!.Door.ShouldBe(door);
        AnswerRules.Alarming(asked, Answers("{}")).ShouldBeEmpty();
    }

    [Fact]
    public void For_several_answers_one_that_fits_is_enough_and_none_stands_alone()
    {
        var asked = Book.QuestionsOf("spine", 1, 1);

        AnswerRules.Applying(asked, Answers("""{ "spine_treatments_tried": ["injection", "physiotherapy"] }""")).Select(q => q.Id)
            .ShouldContain("spine_injections_count");
        AnswerRules.Faults(Book.QuestionsOf("endometriosis_gynaecology", 1, 1), Answers("""{ "gyn_digestive_signs": ["none", "bloating"] }"""))
            .ShouldHaveSingleItem().Code.ShouldBe("contradicting_options");
    }

    [Fact]
    public void Whatever_is_sent_the_rules_answer_and_never_break() => Prop.ForAll(
        Gen.Elements("true", "7", "7.0", "7.5", "-1e9", "\"x\"", "\"2026-02-30\"", "[]", "[1]", "[\"none\"]", "{}", "null", "\"\"").ListOf(40).ToArbitrary(),
        values =>
        {
            foreach (var questionnaire in Book.Latest)
            {
                var answers = questionnaire.Questions.Zip(values).ToDictionary(p => p.First.Id, p => JsonElement.Parse(p.Second));
                var faults = AnswerRules.Faults(questionnaire.Questions, answers);
                AnswerRules.Missing(questionnaire.Questions, answers).Count.ShouldBeLessThanOrEqualTo(questionnaire.Questions.Count);
                foreach (var question in questionnaire.Questions.Where(q => faults.All(f => f.Pointer != $"#/answers/{q.Id}")))
                {
                    AnswerRules.Text(question, answers);
                }

                var right = answers.Where(a => faults.All(f => f.Pointer != $"#/answers/{a.Key}")).ToDictionary();
                FhirQuestionnaire.Response(Guid.CreateVersion7(), Guid.CreateVersion7(), completed: false, [questionnaire], right).ToJsonString();
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(50));

    [Fact]
    public void As_fhir_every_question_keeps_its_type_condition_and_options()
    {
        foreach (var questionnaire in Book.Latest)
        {
            var fhir = FhirQuestionnaire.Of(questionnaire);
            fhir["resourceType"]!.GetValue<string>().ShouldBe("Questionnaire");
            fhir["status"]!.GetValue<string>().ShouldBe("active");
            fhir["id"]!.GetValue<string>().ShouldMatch("^[A-Za-z0-9.-]{1,64}$");
            var items = fhir["item"]!.AsArray();
            items.Count.ShouldBe(questionnaire.Questions.Count);
            foreach (var (item, question) in items.Zip(questionnaire.Questions))
            {
                item!["linkId"]!.GetValue<string>().ShouldBe(question.Id);
                item["type"]!.GetValue<string>().ShouldBeOneOf("choice", "text", "boolean", "integer", "decimal", "quantity", "date");
                (item["answerOption"]?.AsArray().Count ?? 0).ShouldBe(question.Options?.Count ?? 0);
                (item["enableWhen"] is null).ShouldBe(question.EnabledWhen is null);
                (item["repeats"]?.GetValue<bool>() ?? false).ShouldBe(question.Type == QuestionKind.MultiChoice);
            }
        }
    }

    [Fact]
    public void As_fhir_a_whole_number_written_with_a_point_is_still_one() =>
        FhirQuestionnaire.Response(Guid.CreateVersion7(), Guid.CreateVersion7(), completed: true, [Book.LatestOf("endometriosis_gynaecology")],
            Answers("""{ "pelvic_pain_level": 7.0 }"""))
            ["item"]![0]!["item"]![0]!["answer"]![0]!["valueInteger"]!.GetValue<long>().ShouldBe(7);

    [Fact]
    public void As_fhir_the_answers_name_the_versions_they_were_given_to_and_nobody()
    {
        var answers =
            Answers(
                """
            { "height": 167, "has_allergies": false, "gyn_main_problem": "pain", "pelvic_pain_moments": ["periods", "intercourse"],
              "pelvic_pain_since": 15 }
            """);
        var patient = Guid.CreateVersion7();

        var fhir =
            FhirQuestionnaire.Response(
                Guid.CreateVersion7(), patient, completed: false, [Book.LatestOf("general"), Book.LatestOf("endometriosis_gynaecology")], answers);

        var asked = fhir["contained"]![0]!;
        fhir["questionnaire"]!.GetValue<string>().ShouldBe($"#{asked["id"]!.GetValue<string>()}");
        asked["derivedFrom"]!.AsArray().Select(q => q!.GetValue<string>().Split('/')[^1]).ShouldBe(["general|2", "endometriosis-gynaecology|2"]);
        LinkIds(asked).ShouldBeUnique();
        LinkIds(fhir).ShouldBeSubsetOf(LinkIds(asked));
        fhir["status"]!.GetValue<string>().ShouldBe("in-progress");
        fhir["subject"]!["identifier"]!["value"]!.GetValue<string>().ShouldBe($"urn:uuid:{patient}");
        var all = fhir["item"]!.AsArray().SelectMany(part => part!["item"]!.AsArray())
            .ToDictionary(i => i!["linkId"]!.GetValue<string>(), i => i!["answer"]!.AsArray());
        all["height"][0]!["valueQuantity"]!["unit"]!.GetValue<string>().ShouldBe("cm");
        all["has_allergies"][0]!["valueBoolean"]!.GetValue<bool>().ShouldBeFalse();
        all["pelvic_pain_moments"].Count.ShouldBe(2);
        all["gyn_main_problem"][0]!["valueCoding"]!["display"]!.GetValue<string>().ShouldBe("Douleurs");
    }

    [Fact]
    public void Every_family_asks_first_for_alarms_and_says_whom_to_call()
    {
        foreach (var questionnaire in Book.Latest)
        {
            var alarm = questionnaire.Questions.First(q => q.Alert is not null);
            questionnaire.Questions.ToList().IndexOf(alarm).ShouldBe(0, questionnaire.Code);
            alarm.Required.ShouldBeTrue(questionnaire.Code);
            (alarm.Help ?? "").ShouldMatch("15|3114", questionnaire.Code);
        }
    }

    [Theory]
    [InlineData("oncology", "fièvre")]
    [InlineData("haematology", "fièvre")]
    [InlineData("pulmonology", "sang dans les crachats")]
    [InlineData("spine", "faiblesse")]
    [InlineData("vascular", "froid")]
    [InlineData("ent", "n’entend plus")]
    [InlineData("infectious", "confusion")]
    [InlineData("neurology", "faiblesse d’un côté")]
    public void Each_alarm_names_what_its_family_fears(string code, string words) =>
        Book.LatestOf(code).Questions.Where(q => q.Alert is not null).ShouldContain(q => q.Text.Contains(words));

    [Fact]
    public void A_help_that_names_an_emergency_number_belongs_to_an_alarm_or_to_a_questionnaire_that_asks_for_it() =>
        Book.Latest.Where(q => q.Questions.Any(x => x.Help?.Contains("le 15") == true) && q.Questions.All(x => x.Alert is null)).ShouldBeEmpty();

    [Theory]
    [InlineData("M", 40, "pregnant_now", false)]
    [InlineData("F", 30, "pregnant_now", true)]
    [InlineData("F", 70, "pregnant_now", false)]
    [InlineData("F", 2, "pregnant_now", false)]
    [InlineData("F", 2, "tobacco", false)]
    [InlineData("M", 40, "tobacco", true)]
    [InlineData("M", 6, "body_implants", true)]
    [InlineData("F", 50, "kidney_function", true)]
    [InlineData("F", 50, "blood_thinner", true)]
    public void The_general_questions_fit_sex_and_age(string sex, int age, string question, bool asked) =>
        Book.QuestionsOf("general", 0, 2, new Respondent(sex, age)).Any(q => q.Id == question).ShouldBe(asked);

    [Theory]
    [InlineData("fertility", "M", "semen_result", true)]
    [InlineData("fertility", "M", "cycle_regular", false)]
    [InlineData("fertility", "F", "semen_result", false)]
    [InlineData("breast", "M", "menopause", false)]
    [InlineData("urology_prostate", "F", "psa", false)]
    [InlineData("urology_prostate", "M", "psa", true)]
    [InlineData("urology_prostate", "F", "erection", false)]
    public void A_family_asks_each_sex_what_it_can_answer(string code, string sex, string question, bool asked) =>
        Book.QuestionsOf(code, Book.LatestOf(code).Version, 2, new Respondent(sex, 45)).Any(q => q.Id == question).ShouldBe(asked);

    [Fact]
    public void A_woman_with_cystitis_is_asked_for_no_biopsy_and_no_spread()
    {
        var asked = Book.QuestionsOf("urology_prostate", 2, 2, new Respondent("F", 45));
        var answers = Answers("""{ "uro_problem": "urinary_infection", "uro_is_cancer": "no" }""");

        AnswerRules.Missing(asked, answers).Select(q => q.Id).ShouldNotContain("has_uro_biopsy");
        AnswerRules.Applying(asked, answers).Select(q => q.Id).ShouldNotContain("uro_spread");
    }

    [Fact]
    public void Of_a_child_the_words_and_the_limits_are_others()
    {
        var child = Book.QuestionsOf("paediatrics", 2, 2, new Respondent("M", 0)).Single(q => q.Id == "weight");
        var adult = Book.QuestionsOf("oncology", 2, 2, new Respondent("M", 50)).Single(q => q.Id == "weight");

        (child.Text.Contains("votre enfant"), child.Min).ShouldBe((true, 0.5m));
        AnswerRules.Faults([child], Answers("""{ "weight": 3.4 }""")).ShouldBeEmpty();
        AnswerRules.Faults([adult], Answers("""{ "weight": 3.4 }""")).ShouldHaveSingleItem().Code.ShouldBe("too_small");
    }

    [Fact]
    public void Every_unit_has_a_code_that_software_knows_and_no_unit_hides_in_the_words()
    {
        foreach (var question in Book.Latest.SelectMany(q => q.Questions))
        {
            if (question.Unit is { } unit)
            {
                Should.NotThrow(() => Ucum.CodeOf(unit), question.Id);
            }

            (question.Type is QuestionKind.Decimal or QuestionKind.Integer
                && System.Text.RegularExpressions.Regex.IsMatch(question.Text, " en [^ ]*(/|°C|kPa)"))
                .ShouldBeFalse(question.Id);
        }

        Book.LatestOf("urology_prostate").Find("psa")!.Unit.ShouldBe("ng/mL");
        Ucum.CodeOf("G/L").ShouldBe("10*9/L");
        Ucum.CodeOf("°C").ShouldBe("Cel");
    }

    [Fact]
    public void What_is_read_is_set_as_french_is_printed() =>
        Book.Latest.SelectMany(q => q.Questions.SelectMany(x => new[] { x.Text, x.Simple, x.Help ?? "" }.Concat((x.Options ?? []).Select(o => o.Text))))
            .SelectMany(FrenchText.Faults).ShouldBeEmpty();

    private static List<string> LinkIds(JsonNode node) =>
        [.. (node["item"]?.AsArray() ?? []).SelectMany(item => LinkIds(item!).Prepend(item!["linkId"]!.GetValue<string>()))];

    private static bool Fits(Question before, JsonElement value) => before.Type switch
    {
        QuestionKind.Boolean => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        QuestionKind.Choice or QuestionKind.MultiChoice => value.ValueKind == JsonValueKind.String && before.Options!.Any(o => o.Code == value.GetString()),
        _ => false,
    };

    private static Dictionary<string, JsonElement> Answers(string json) => JsonElement.Parse(json).EnumerateObject().ToDictionary(a => a.Name, a => a.Value);
}
