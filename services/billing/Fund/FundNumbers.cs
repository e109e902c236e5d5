namespace SecondOpinion.Billing.Fund;

/// <summary>A grant as people copy it; dashes do not matter.</summary>
internal static class FundNumbers
{
    public const string Prefix = "FS";

    /// <summary>E.g. <c>FS-7K3M-29QX-2B4T</c>.</summary>
    public static string Written(string code) => $"{code[..2]}-{code[2..6]}-{code[6..10]}-{code[10..]}";
}
