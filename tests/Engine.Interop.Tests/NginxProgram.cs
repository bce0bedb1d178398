using System.Globalization;
using System.Net;
using Engine.TestKit;

namespace Engine.Interop.Tests;

/// <summary>nginx in front of a server, with a folder and a configuration of its own and its defaults for everything that matters: responses are buffered.</summary>
internal sealed class NginxProgram : IAsyncDisposable
{
    private readonly ChildProcess _process;
    private readonly string _folder;

    private NginxProgram(ChildProcess process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        Http = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");
    }

    /// <summary>Its address. What lies below /http11 and /http10 is asked of the upstream in that version.</summary>
    public string Http { get; }

    public static async Task<NginxProgram> StartAsync(IPEndPoint upstream)
    {
        for (int attempt = 1; ; attempt++)
        {
            string folder = Directory.CreateTempSubdirectory("engine-nginx-").FullName;
            int port = FreePort.Find();
            string configuration = Path.Combine(folder, "nginx.conf");
            await File.WriteAllTextAsync(configuration, Configuration(port, upstream));
            string program = File.Exists("/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx";
            ChildProcess process = ChildProcess.Start(program, ["-p", folder, "-c", configuration, "-e", "stderr"]);
            var nginx = new NginxProgram(process, folder, port);
            try
            {
                // Told when the sockets listen.
                await process.WaitForLineAsync(static line => line.Contains("getrlimit(RLIMIT_NOFILE)", StringComparison.Ordinal), TimeSpan.FromSeconds(10));
                return nginx;
            }
            catch (EndOfStreamException) when (attempt < 5 && process.Error.Contains("Address already in use", StringComparison.Ordinal))
            {
                // It cannot choose a port itself, and somebody took the one that was free a moment ago.
                await nginx.DisposeAsync();
            }
            catch
            {
                await nginx.DisposeAsync();
                throw;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Configuration(int port, IPEndPoint upstream) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        daemon off;
        master_process off;
        pid nginx.pid;
        error_log stderr;
        error_log /dev/stdout notice;
        events { worker_connections 64; }
        http {
          access_log off;
          client_body_temp_path body;
          proxy_temp_path proxy;
          fastcgi_temp_path fastcgi;
          uwsgi_temp_path uwsgi;
          scgi_temp_path scgi;
          server {
            listen 127.0.0.1:{{port}};
            location /http11/ { proxy_pass http://{{upstream}}/; proxy_http_version 1.1; }
            location /http10/ { proxy_pass http://{{upstream}}/; proxy_http_version 1.0; }
          }
        }
        """);
}
