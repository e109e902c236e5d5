namespace SecondOpinion.ServiceDefaults.Encryption;

/// <summary>
/// Where a sealed value stands: table, column and, when it is not the case's own row, which row. It is authenticated with the value, so a value that was copied
/// elsewhere does not open. Declared as a constant beside the code that reads the column; a test compares the declarations with the database's columns.
/// </summary>
public sealed record SealedPlace(string Table, string Column)
{
    private string? Row { get; init; }

    /// <summary>How the row was written before all services wrote it the same way; null when nothing was. Values of that time stay readable.</summary>
    private Func<string, Guid, string>? Former { get; init; }

    public SealedPlace Of(Guid row) => this with { Row = row.ToString() };

    public SealedPlace Of(int row) => this with { Row = row.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    /// <param name="former">From row and case to the place that older values were sealed for.</param>
    public SealedPlace Once(Func<string, Guid, string> former) => this with { Former = former };

    internal string In(Guid caseId) => Row is null ? $"{Table}|{Column}|{caseId}" : $"{Table}|{Column}|{caseId}|{Row}";

    internal string? FormerlyIn(Guid caseId) => Former?.Invoke(Row ?? "", caseId);
}
