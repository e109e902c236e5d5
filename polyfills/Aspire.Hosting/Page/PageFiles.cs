using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Aspire.Hosting.Page;

/// <summary>The page's own files, which are in the assembly.</summary>
internal static class PageFiles
{
    private const string Prefix = "page/";

    public static void Map(IEndpointRouteBuilder routes, string title)
    {
        foreach (var name in typeof(PageFiles).Assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            var content = Read(name);
            var file = name[Prefix.Length..];
            if (file == "index.html")
            {
                content = content
                    .Replace("{{title}}", WebUtility.HtmlEncode(title), StringComparison.Ordinal)
                    .Replace("{{token}}", PageSecurity.Token, StringComparison.Ordinal);
                routes.MapGet("/", () => Results.Content(content, "text/html; charset=utf-8"));
                continue;
            }

            var type = Path.GetExtension(file) switch
            {
                ".js" => "text/javascript; charset=utf-8",
                ".css" => "text/css; charset=utf-8",
                ".svg" => "image/svg+xml",
                _ => "application/octet-stream",
            };
            routes.MapGet("/" + file, () => Results.Content(content, type));
        }
    }

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
