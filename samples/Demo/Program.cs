using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Demo;
using Engine.Http1;
using Engine.Sse;
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

byte[] page = Page.Load();
byte[] hello = "Hello, World!"u8.ToArray();
var ticker = new Ticker(server);
server.MapGet("/", context =>
{
    context.Response.ContentType = "text/html; charset=utf-8";
    return context.Response.WriteAsync(page);
});
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
server.MapSse("/events", ticker.RunAsync, new SseOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(500) });
server.MapPost("/drop-streams", ticker.DropAsync);

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
