using System.Diagnostics;

namespace SecondOpinion.Bench.Gateway;

/// <summary>
/// Debian's nginx, twice, each a single process: as the service behind every proxy, which answers at once from memory, and as a proxy itself.
/// </summary>
internal static class Nginx
{
    private const string Program = "/usr/sbin/nginx";

    /// <summary>About what a page of insurers weighs.</summary>
    public static readonly string Answer = $$"""{"items":[{{string.Join(',', Enumerable.Range(1, 6).Select(Insurer))}}],"next":null}""";

    public static Process Service(string folder, int port) => Start(folder, "service", $$"""
        server {
          listen 127.0.0.1:{{port}};
          location / {
            default_type application/json;
            return 200 '{{Answer}}';
          }
        }
        """);

    public static Process Proxy(string folder, int port, int upstream) => Start(folder, "proxy", $$"""
        upstream service {
          server 127.0.0.1:{{upstream}};
          keepalive 256;
          keepalive_requests 1000000000;
        }
        server {
          listen 127.0.0.1:{{port}};
          location / {
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
          }
        }
        """);

    private static string Insurer(int number) =>
        $$"""{"id":"0195f000-0000-7000-8000-00000000000{{number}}","amcNumber":"009900000{{number}}","name":"Mutuelle Fictive de Mesure {{number}}"}""";

    private static Process Start(string folder, string name, string servers)
    {
        var home = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var settings = Path.Combine(home, "nginx.conf");
        File.WriteAllText(settings, $$"""
            daemon off;
            master_process off;
            pid {{home}}/nginx.pid;
            error_log stderr warn;
            events { worker_connections 4096; }
            http {
              access_log off;
              tcp_nodelay on;
              keepalive_requests 1000000000;
              client_body_temp_path {{home}}/body;
              proxy_temp_path {{home}}/proxy;
              fastcgi_temp_path {{home}}/fastcgi;
              uwsgi_temp_path {{home}}/uwsgi;
              scgi_temp_path {{home}}/scgi;
              {{servers}}
            }
            """);
        return Process.Start(new ProcessStartInfo(Program) { ArgumentList = { "-p", home, "-e", "stderr", "-c", settings } })!;
    }
}
