using System.Text.RegularExpressions;
using SecondOpinion.Intake.Catalogue;

namespace SecondOpinion.Tests.Intake.Catalogue;

/// <summary>
/// Medical sense, as far as a machine can judge it. A row that rightly breaks a rule says why in tests/data/medical-exceptions.csv; an exception that is needed
/// no more is a fault too.
/// </summary>
public sealed partial class MedicalSenseTests
{
    private static readonly PathologyCatalogue Shipped = PathologyCatalogue.Load();

    private static readonly HashSet<(string Code, string Rule)> Exceptions =
        [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "medical-exceptions.csv")).Skip(1).Select(l => l.Split(';'))
            .Select(c => (c[0], c[1]))];

    /// <summary>Blocks of the classification (first and last category) and the organs that they are about.</summary>
    private static readonly (string From, string To, string Organs)[] Blocks =
    [
        ("C00", "C14", "mouth_jaw nose_throat lymph"),
        ("C15", "C16", "oesophagus_stomach"),
        ("C17", "C17", "intestine"),
        ("C18", "C21", "colon_rectum"),
        ("C22", "C22", "liver biliary"),
        ("C23", "C24", "biliary"),
        ("C25", "C25", "pancreas"),
        ("C30", "C32", "nose_throat"),
        ("C33", "C39", "lung heart"),
        ("C40", "C41", "bone spine"),
        ("C43", "C44", "skin eye"),
        ("C45", "C45", "lung abdominal_wall"),
        ("C46", "C46", "skin"),
        ("C48", "C48", "abdominal_wall"),
        ("C50", "C50", "breast"),
        ("C51", "C58", "female_genital"),
        ("C60", "C60", "male_genital"),
        ("C61", "C61", "prostate"),
        ("C62", "C63", "male_genital"),
        ("C64", "C64", "kidney"),
        ("C65", "C68", "urinary"),
        ("C69", "C69", "eye"),
        ("C70", "C72", "brain spine"),
        ("C73", "C73", "thyroid"),
        ("C74", "C75", "endocrine"),
        ("C81", "C96", "lymph blood skin brain bone"),
        ("D10", "D11", "mouth_jaw nose_throat"),
        ("D24", "D24", "breast"),
        ("D25", "D28", "female_genital"),
        ("D32", "D33", "brain ear spine eye"),
        ("D34", "D34", "thyroid"),
        ("D35", "D35", "endocrine"),
        ("D50", "D77", "blood lymph whole_body vessels kidney immune bone"),
        ("D80", "D89", "immune whole_body lung"),
        ("E00", "E07", "thyroid"),
        ("E10", "E14", "metabolism kidney foot_ankle eye"),
        ("E20", "E35", "endocrine thyroid female_genital male_genital kidney"),
        ("F00", "F99", "mind brain ear mouth_jaw male_genital"),
        ("G00", "G99", "brain nerve_muscle spine lung hip elbow_hand foot_ankle mouth_jaw ear"),
        ("H00", "H59", "eye"),
        ("H60", "H95", "ear"),
        ("I00", "I25", "heart vessels kidney"),
        ("I26", "I28", "lung"),
        ("I30", "I52", "heart"),
        ("I60", "I69", "brain"),
        ("I70", "I89", "vessels liver colon_rectum male_genital nerve_muscle"),
        ("I95", "I95", "heart"),
        ("J00", "J39", "nose_throat"),
        ("J40", "J99", "lung"),
        ("K00", "K14", "mouth_jaw"),
        ("K20", "K31", "oesophagus_stomach"),
        ("K35", "K38", "colon_rectum"),
        ("K40", "K46", "abdominal_wall oesophagus_stomach"),
        ("K50", "K64", "intestine colon_rectum"),
        ("K65", "K67", "abdominal_wall"),
        ("K70", "K77", "liver"),
        ("K80", "K83", "biliary"),
        ("K85", "K87", "pancreas"),
        ("K90", "K93", "intestine oesophagus_stomach colon_rectum biliary"),
        ("L00", "L99", "skin joint foot_ankle mouth_jaw"),
        ("M00", "M99", "joint bone spine shoulder elbow_hand hip knee foot_ankle nerve_muscle whole_body vessels mouth_jaw"),
        ("N00", "N29", "kidney urinary"),
        ("N30", "N39", "urinary"),
        ("N40", "N42", "prostate"),
        ("N43", "N51", "male_genital"),
        ("N60", "N64", "breast"),
        ("N70", "N98", "female_genital"),
        ("O00", "O99", "pregnancy"),
        ("P00", "P96", "pregnancy whole_body brain blood nerve_muscle"),
        ("Q00", "Q07", "brain spine"),
        ("Q10", "Q15", "eye"),
        ("Q16", "Q17", "ear"),
        ("Q20", "Q28", "heart vessels brain"),
        ("Q30", "Q34", "nose_throat lung"),
        ("Q35", "Q38", "mouth_jaw"),
        ("Q39", "Q45", "oesophagus_stomach intestine colon_rectum biliary liver pancreas"),
        ("Q50", "Q52", "female_genital"),
        ("Q53", "Q55", "male_genital"),
        ("Q60", "Q64", "kidney urinary"),
        ("Q65", "Q79", "bone joint spine hip foot_ankle knee elbow_hand whole_body mouth_jaw lung"),
        ("Q80", "Q84", "skin breast"),
        ("S00", "S09", "brain mouth_jaw eye"),
        ("S10", "S39", "spine"),
        ("S40", "S49", "shoulder elbow_hand"),
        ("S50", "S69", "elbow_hand"),
        ("S70", "S79", "hip"),
        ("S80", "S89", "knee foot_ankle"),
        ("S90", "S99", "foot_ankle"),
    ];

    /// <summary>Diseases that can kill or maim within hours or days: whoever reads about them is told whom to call.</summary>
    private static readonly string[] Dangerous =
    [
        "I21", "I26", "I30", "I33", "I40", "I46", "I47.2", "I60", "I61", "I63", "I67.6", "I71.0", "I72.0", "I74", "I80", "J46", "J93", "J96.0",
        "K35", "K55.0", "K56", "K85",
        "N10", "N17", "N44", "N45", "N70.0", "N83.5", "O00", "O14", "O15", "G00", "G03", "G61.0", "G83.4", "H33.0", "H34.1", "H40.2", "H91.2",
        "M00", "M31.5", "M62.2",
        "T36", "T39", "T40", "T43", "T50", "T51", "T56", "T58", "T60", "T63", "T65", "T78.2", "T79.6", "L51", "R33", "R40", "R56.0", "R57",
        "D59.3", "B50", "B54", "A39",
        "E10.1", "E27.2", "P59", "S72.0",
    ];

    private static readonly string[] Surgical =
        ["SM05", "SM06", "SM08", "SM09", "SM10", "SM11", "SM12", "SM13", "SM14", "SM20", "SM31", "SM34", "SM38", "SM68", "SM69", "SM70", "SM85"];

    [Fact]
    public void The_first_code_lies_in_a_block_about_the_organ() => Judge("chapter", p => Blocks.All(b =>
        string.CompareOrdinal(p.Cim10[0][..3], b.From) < 0 || string.CompareOrdinal(p.Cim10[0][..3], b.To) > 0 || b.Organs.Split(' ').Contains(p.Organ)));

    [Fact]
    public void A_symptom_a_poisoning_or_an_outer_cause_is_not_the_first_code() => Judge("first_code", p =>
        p.Cim10[0][0] is not ('R' or 'V' or 'W' or 'X' or 'Y') && !Between(p.Cim10[0][..3], "T36", "T65"));

    [Fact]
    public void A_poisoning_is_no_code_of_a_dependence() => Shipped.Pathologies
        .Where(p => p.Cim10[0].StartsWith("F1", StringComparison.Ordinal) && p.Cim10.Any(c => c[0] == 'T'))
        .Select(p => p.Code)
        .ShouldBeEmpty();

    [Fact]
    public void A_row_names_one_disease() => Judge("two_diseases", p =>
        !Two().IsMatch(p.Name) || p.Cim10.Select(c => c[0]).Where(c => c is not ('R' or 'Z' or 'T')).Distinct().Count() <= 1);

    [Fact]
    public void Whoever_reads_about_a_danger_is_told_whom_to_call() => Shipped.Pathologies
        .Where(p => Dangerous.Any(d => p.Cim10[0].StartsWith(d, StringComparison.Ordinal)) && p.InPerson != "emergency_pathway")
        .Select(p => p.Code)
        .ShouldBeEmpty();

    [Fact]
    public void Codes_bound_to_a_sex_stand_with_questions_that_fit()
    {
        foreach (var p in Shipped.Pathologies)
        {
            var sexes = p.Cim10.Select(SexOf).Where(s => s != ' ').Distinct().ToList();
            sexes.Count.ShouldBeLessThanOrEqualTo(1, p.Code);
            (sexes is ['M'] && p.Family is "pregnancy" or "endometriosis_gynaecology").ShouldBeFalse(p.Code);
        }
    }

    [Fact]
    public void Pregnancy_is_asked_about_in_pregnancy_only_and_fertility_of_both() => Shipped.Pathologies
        .Where(
            p =>
                p.Family == "pregnancy"
                    && (p.Cim10[0][..3] is "N46" or "N97" || p.Cim10[0].StartsWith("Z31", StringComparison.Ordinal) && p.Cim10[0] != "Z31.5"))
        .Select(p => p.Code)
        .ShouldBeEmpty();

    [Fact]
    public void The_questions_about_a_child_are_asked_for_diseases_of_children() =>
        Shipped.Pathologies.Where(p => p.Family == "paediatrics" && !p.Paediatric || p.Cim10[0][0] == 'P' && p.Family != "paediatrics")
            .Select(p => p.Code).ShouldBeEmpty();

    [Fact]
    public void Only_what_is_operated_on_says_that_a_surgeon_must_see_you() => Shipped.Pathologies
        .Where(p => p.InPerson == "specialised_surgery_centre" && !p.OtherSpecialties.Append(p.Specialty).Intersect(Surgical).Any())
        .Select(p => p.Code)
        .ShouldBeEmpty();

    [Theory]
    [InlineData("lesion-des-ischio-jambiers", "S76.3|M62.6", "joint", "")]
    [InlineData("nevralgie-cervicobrachiale", "M54.1|M53.1|M50.1", "spine", "")]
    [InlineData("dissection-d-une-artere-du-cou", "I72.0|I72.6|I72.5", "neurology", "emergency_pathway")]
    [InlineData("dependance-aux-antidouleurs-opioides", "F11.2|F11.3", "pain", "")]
    [InlineData("arret-d-un-medicament-psychiatrique", "F19.3|F13.3|Z92.2", "psychiatry", "psychiatric_assessment")]
    [InlineData("occlusion-d-une-veine-de-la-retine", "H34.8|H34.9", "ophthalmology", "emergency_pathway")]
    [InlineData("occlusion-d-une-artere-de-la-retine", "H34.1|H34.2|H34.0", "ophthalmology", "emergency_pathway")]
    [InlineData("synovite-villonodulaire", "M12.2|D48.1", "joint", "rare_tumour_centre")]
    [InlineData("traitement-par-cellules-car-t", "C85.9|C83.3|C90.0|C91.0", "haematology", "expert_centre")]
    [InlineData("epilepsie-resistante-aux-medicaments", "G40.1|G40.2|G40.8", "neurology", "expert_centre")]
    [InlineData("allergie-alimentaire", "T78.1|T78.0|L27.2|Z91.0", "allergy", "")]
    [InlineData("syndrome-de-brugada", "I49.8", "cardiology", "rare_disease_centre")]
    [InlineData("infertilite-masculine", "N46", "fertility", "fertility_centre")]
    public void What_was_corrected_stays(string code, string codes, string family, string inPerson)
    {
        var p = Shipped[code];
        (string.Join('|', p.Cim10), p.Family, p.InPerson ?? "").ShouldBe((codes, family, inPerson));
    }

    [Fact]
    public void Flags_that_were_corrected_stay() =>
        (Shipped["purpura-rhumatoide"].Paediatric, Shipped["malformation-du-poumon"].Paediatric, Shipped["glioblastome"].Rare).ShouldBe((true, true, true));

    private static void Judge(string rule, Func<Pathology, bool> fine)
    {
        Shipped.Pathologies.Where(p => !fine(p) && !Exceptions.Contains((p.Code, rule))).Select(p => $"{p.Code} {p.Cim10[0]} {p.Organ}").ShouldBeEmpty();
        Exceptions.Where(e => e.Rule == rule && (!Shipped.TryGet(e.Code, out var p) || fine(p))).ShouldBeEmpty("exceptions that are not needed");
    }

    /// <summary>F, M, or a blank when both can have it.</summary>
    private static char SexOf(string code) => code[..3] switch
    {
        var c when Between(c, "C51", "C58") || Between(c, "D25", "D28") || Between(c, "N70", "N98") || c[0] == 'O' || c == "D06" => 'F',
        var c when Between(c, "C60", "C63") || Between(c, "N40", "N51") || c == "D29" => 'M',
        _ => ' ',
    };

    private static bool Between(string code, string from, string to) => string.CompareOrdinal(code, from) >= 0 && string.CompareOrdinal(code, to) <= 0;

    [GeneratedRegex(" (et|ou) ")]
    private static partial Regex Two();
}
