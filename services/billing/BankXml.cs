using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing;

/// <summary>
/// Reads what a bank sends (ISO 20022), whatever the version: elements are found by their local names. No entities, no DTD, no address is followed, and no
/// more than a file of a bank is read.
/// </summary>
internal static class BankXml
{
    private const int Largest = 20 << 20;

    /// <param name="body">The request's body.</param>
    /// <param name="message">The element that makes it this kind of message, e.g. <c>BkToCstmrStmt</c>.</param>
    /// <param name="cancel">When the caller left.</param>
    /// <returns>That element; refused when it is not well-formed, or another message.</returns>
    public static async Task<Result<XElement>> Read(Stream body, string message, CancellationToken cancel)
    {
        try
        {
            using var reader = XmlReader.Create(body, new XmlReaderSettings
            {
                Async = true,
                DtdProcessing = DtdProcessing.Prohibit,
                XmlResolver = null,
                MaxCharactersInDocument = Largest,
                IgnoreComments = true,
            });
            var document = await XDocument.LoadAsync(reader, LoadOptions.None, cancel);
            return document.Root!.Elements().FirstOrDefault(e => e.Name.LocalName == message) is { } found ? found : Problems.NotThisMessage(message);
        }
        catch (XmlException)
        {
            return Problems.NotThisMessage(message);
        }
    }

    /// <summary>Children with that name.</summary>
    public static IEnumerable<XElement> Each(this XElement within, string name) => within.Elements().Where(e => e.Name.LocalName == name);

    /// <summary>The text at the end of a path of names; null when it is not there.</summary>
    public static string? At(this XElement within, params ReadOnlySpan<string> path)
    {
        XElement? at = within;
        foreach (var name in path)
        {
            at = at?.Elements().FirstOrDefault(e => e.Name.LocalName == name);
        }

        return at?.Value.Trim();
    }

    /// <summary>Cents of an amount with at most two decimals; null when it is none.</summary>
    public static long? Cents(string? amount) =>
        decimal.TryParse(amount, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var euros) && euros * 100 == decimal.Truncate(euros * 100)
        && euros < 1_000_000_000_000m
            ? (long)(euros * 100)
            : null;
}
