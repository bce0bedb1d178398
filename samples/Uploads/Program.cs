// Takes files: dotnet run --project samples/Uploads -- [PORT]
//   curl -H 'Authorization: Bearer secret' -F file=@README.md http://127.0.0.1:8080/api/files
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Engine.Http1;
using Uploads;

var options = new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 8080) };
options.Limits.MaxRequestBodySize = 2L << 30;
await using var server = new HttpServer(options);

var cors = new CorsPolicy();
cors.Origins.Add("http://localhost:3000");
var proxies = new ForwardedHeadersOptions();
proxies.TrustedNetworks.Add(IPNetwork.Parse("127.0.0.1/32"));

// The order matters: who the client is, before it is written down; what anybody may ask, before the rest.
server
    .Use(ForwardedHeaders.Create(proxies))
    .Use(RequestIds.Create())
    .Use(AccessLog.Create(static (in AccessLogEntry entry)
        => Console.WriteLine($"{entry.ToCombinedLine()} {entry.Duration.TotalMilliseconds.ToString("f1", CultureInfo.InvariantCulture)} ms {entry.Context.GetRequestId()}")))
    .Use(Cors.Create(cors))
    .Use(ResponseCompression.Create())
    .MapGet("/", static context =>
    {
        int visits = int.TryParse(context.Request.Cookies["visits"], CultureInfo.InvariantCulture, out int before) ? before + 1 : 1;
        context.Response.AppendCookie("visits", visits.ToString(CultureInfo.InvariantCulture), new CookieAttributes { MaxAge = TimeSpan.FromDays(1) });
        return context.Response.WriteAsync($"Visit {visits}. Send files to /api/files.\n");
    })
    .MapGroup("/api", new UploadApi(Environment.GetEnvironmentVariable("UPLOAD_TOKEN") ?? "secret").Map);

await server.StartAsync();
Console.WriteLine($"Uploads on http://{server.EndPoint}");
var stop = new TaskCompletionSource();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
{
    signal.Cancel = true;
    stop.TrySetResult();
});
await stop.Task;
await server.StopAsync(TimeSpan.FromSeconds(5));
