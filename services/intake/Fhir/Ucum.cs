using System.Collections.Frozen;

namespace SecondOpinion.Intake.Fhir;

/// <summary>The units that questions use, in the Unified Code for Units of Measure (ucum.org), which other software computes with.</summary>
internal static class Ucum
{
    public const string System = "http://unitsofmeasure.org";

    private static readonly FrozenDictionary<string, string> Codes = new Dictionary<string, string>
    {
        ["ans"] = "a",
        ["mois"] = "mo",
        ["minutes"] = "min",
        ["m"] = "m",
        ["cm"] = "cm",
        ["mm"] = "mm",
        ["g"] = "g",
        ["kg"] = "kg",
        ["%"] = "%",
        ["°C"] = "Cel",
        ["kPa"] = "kPa",
        ["mmHg"] = "mm[Hg]",
        ["ng/mL"] = "ng/mL",
        ["g/dL"] = "g/dL",
        ["G/L"] = "10*9/L",
        ["mUI/L"] = "m[IU]/L",
        ["µmol/L"] = "umol/L",
        ["mL/min"] = "mL/min",
        ["mL/min/1,73 m²"] = "mL/min/{1.73_m2}",
    }.ToFrozenDictionary();

    /// <exception cref="KeyNotFoundException">The unit has no code yet: the test of the questionnaires finds it first.</exception>
    public static string CodeOf(string unit) => Codes[unit];
}
