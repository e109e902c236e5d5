using System.Net;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Billing.Webhooks;

/// <summary>What may be an address of a webhook. Where its name leads is judged at each connection (<see cref="PublicAddresses"/>).</summary>
internal static class WebhookUrl
{
    public const int Longest = 500;

    /// <returns>Why it is refused; null when it is taken.</returns>
    public static FieldError? Fault(string text, WebhookOptions options)
    {
        if (text.Length > Longest || !Uri.TryCreate(text, UriKind.Absolute, out var url) || !(url.Scheme is "https" || (options.AllowPrivateAddresses
            && url.Scheme is "http")))
        {
            return new("#/url", "invalid_url", $"Indiquez une adresse https complète ({Longest} caractères au plus), par exemple https://example.org/hooks.");
        }

        if (url.UserInfo.Length > 0 || url.Fragment.Length > 0)
        {
            return new("#/url", "invalid_url", "L'adresse ne contient ni identifiants ni fragment (#) : la signature suffit pour nous reconnaître.");
        }

        if (options.AllowPrivateAddresses)
        {
            return null;
        }

        if (url.Port != 443 && url.Port < 1024)
        {
            return new("#/url", "invalid_port", "Le port est 443, ou au moins 1024.");
        }

        return (IPAddress.TryParse(url.IdnHost, out var address) && !PublicAddresses.IsPublic(address)) || url.IsLoopback
            ? new("#/url", "private_address", "L'adresse doit être joignable depuis Internet : ni réseau privé, ni machine locale.")
            : null;
    }
}
