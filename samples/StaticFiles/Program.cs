// Serves a folder: dotnet run --project samples/StaticFiles -- FOLDER [PORT]
using System.Net;
using System.Runtime.InteropServices;
using Engine.Http1;
using Engine.StaticFiles;

if (args.Length is 0 or > 2 || !Directory.Exists(args[0]))
{
    Console.Error.WriteLine("usage: StaticFiles FOLDER [PORT]");
    return 2;
}

int port = args.Length == 2 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 8080;
await using var server = new HttpServer(new HttpServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, port) });
server.MapStaticFiles("/", args[0], new StaticFileOptions
{
    // Names with a hash in them (app.3f2a91c0.js) never change their content.
    OnServing = static (context, path) =>
    {
        if (Path.GetFileName(path).Split('.') is { Length: > 2 } words && words[^2].Length >= 8)
        {
            context.Response.Headers.Set("Cache-Control", "public, max-age=31536000, immutable");
        }
    },
});

await server.StartAsync();
Console.WriteLine($"{Path.GetFullPath(args[0])} on http://{server.EndPoint}");
var stop = new TaskCompletionSource();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
{
    signal.Cancel = true;
    stop.TrySetResult();
});
await stop.Task;
await server.StopAsync(TimeSpan.FromSeconds(5));
return 0;
