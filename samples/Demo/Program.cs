using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Demo;
using Engine.Http1;
using Engine.Sse;
using Engine.StaticFiles;
using Engine.WebSockets;

if (CommandLine.Parse(args) is not { } line)
{
    return 2;
}

await using var server = new HttpServer(new HttpServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, line.Port),
    Transport = line.Transport,
    LoopCount = line.Loops,
    OnError = static (exception, _) => Console.Error.WriteLine(exception),
});

byte[] hello = "Hello, World!"u8.ToArray();
server.MapStaticFiles("/", Path.Combine(AppContext.BaseDirectory, "pages"));
server.MapGet("/plain", context =>
{
    context.Response.ContentType = "text/plain";
    return context.Response.WriteAsync(hello);
});
server.MapGet("/hello/{name}", context => context.Response.WriteAsync($"Hello, {context.RouteParameters["name"]}!\n"));
server.MapWebSocket("/ws", async (socket, ct) =>
{
    await foreach (var message in socket.ReadAllAsync(ct))
    {
        await socket.SendAsync(message, ct);
    }
});

// The page's streams, and those of streams.html: a file each in Streams.
var ticker = new Ticker(server);
var jobs = new Jobs();
server.MapSse("/events", ticker.RunAsync, new SseOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(500) });
server.MapPost("/drop-streams", ticker.DropAsync);
server.MapSse("/counter", Counter.RunAsync);
server.MapSse("/tokens", TokenStream.RunAsync, TokenStream.Options);
server.MapSse("/celsius", WeatherStation.RunAsync);
server.MapSse("/fahrenheit", new FahrenheitProxy(() => new Uri($"http://{server.EndPoint}/celsius")).RunAsync);
server.MapPost("/jobs", jobs.StartAsync);
server.MapSse("/jobs/{id}", jobs.WatchAsync, jobs.Options);

var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    await server.StartAsync();
}
catch (SocketException exception)
{
    Console.Error.WriteLine($"cannot listen on port {line.Port}: {exception.Message}");
    return 1;
}

Console.WriteLine($"Demo listening on http://{server.EndPoint}");
await stop.Task;
await server.StopAsync(TimeSpan.FromSeconds(5));
Console.WriteLine("Demo stopped");
return 0;
