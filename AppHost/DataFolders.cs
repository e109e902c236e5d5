namespace SecondOpinion.AppHost;

/// <summary>What services keep outside the database, under the data folder: all of it goes when the databases go.</summary>
internal static class DataFolders
{
    public const string Documents = "documents";
    public const string Rosters = "rosters";

    /// <summary>Noted ends of the audit chains: beside new databases they would say that records were cut off.</summary>
    public const string Audit = "audit";

    public static readonly IReadOnlyList<string> All = [Documents, Rosters, Audit];
}
