using System.Text.RegularExpressions;
using SecondOpinion.Intake.Catalogue;
using SecondOpinion.Intake.Questionnaires;

namespace SecondOpinion.Tests.Intake.Catalogue;

/// <summary>Every row of the catalogue fits the tables around it.</summary>
public sealed partial class CatalogueTests
{
    private static readonly PathologyCatalogue Shipped = PathologyCatalogue.Load();
    private static readonly QuestionnaireBook Questionnaires = QuestionnaireBook.Load();

    [Fact]
    public void It_holds_at_least_750_pathologies() => Shipped.Pathologies.Count.ShouldBeGreaterThanOrEqualTo(750);

    [Fact]
    public void Every_row_is_consistent()
    {
        var faults = new List<string>();
        foreach (var p in Shipped.Pathologies)
        {
            void Must(bool fine, string what)
            {
                if (!fine)
                {
                    faults.Add($"{p.Code}: {what}");
                }
            }

            Must(Code().IsMatch(p.Code), "code is not a slug");
            Must(p.Name.Length is > 2 and <= 120, "name");
            Must(p.Cim10.Count > 0 && p.Cim10.All(c => Cim10().IsMatch(c)), "CIM-10 codes");
            Must(p.Cim10.Distinct().Count() == p.Cim10.Count, "CIM-10 code twice");
            Must(Shipped.Specialties.ContainsKey(p.Specialty), $"specialty {p.Specialty}");
            Must(p.OtherSpecialties.All(Shipped.Specialties.ContainsKey) && !p.OtherSpecialties.Contains(p.Specialty), "other specialties");
            Must(Shipped.Organs.ContainsKey(p.Organ), $"organ {p.Organ}");
            Must(Shipped.Families.ContainsKey(p.Family), $"family {p.Family}");
            Must(Questionnaires.Find(p.Family, null) is not null, $"questionnaire {p.Family}");
            Must(p.Documents.Count > 0 && p.Documents.All(Shipped.Documents.ContainsKey), "documents");
            Must(p.InPerson is null || Shipped.InPersonReasons.ContainsKey(p.InPerson), $"in-person rule {p.InPerson}");
        }

        faults.ShouldBeEmpty();
    }

    [Fact]
    public void Codes_and_names_are_unique()
    {
        Shipped.Pathologies.GroupBy(p => p.Code).Where(g => g.Count() > 1).Select(g => g.Key).ShouldBeEmpty();
        Shipped.Pathologies.GroupBy(p => Words.Normal(p.Name)).Where(g => g.Count() > 1).Select(g => g.Key).ShouldBeEmpty();
    }

    [Fact]
    public void Every_family_has_its_questionnaire_and_there_are_at_least_fifteen_beside_the_general_one()
    {
        Shipped.Families.Keys.Where(f => Questionnaires.Find(f, null) is null).ShouldBeEmpty();
        Questionnaires.Latest.Count(q => q.Code != QuestionnaireBook.General).ShouldBeGreaterThanOrEqualTo(15);
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex Code();

    [GeneratedRegex(@"^[A-Z]\d\d(\.\d{1,2})?$")]
    private static partial Regex Cim10();
}
