using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Engine.Http1;
using Engine.Sse;
using Engine.StaticFiles;
using Engine.WebSockets;
using Orders;

int port = args is ["--port", { } number] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) ? parsed : 8080;
await using var server = new HttpServer(new HttpServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, port),
    OnError = static (exception, _) => Console.Error.WriteLine(exception),
});
using var book = new OrderBook();

static int IdOf(HttpContext context) => int.TryParse(context.RouteParameters["id"], NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0;

server.MapStaticFiles("/", Path.Combine(AppContext.BaseDirectory, "pages"));
server.MapGet("/orders/{id}", context =>
{
    if (book.Find(IdOf(context)) is not { } snapshot)
    {
        context.Response.StatusCode = 404;
        return ValueTask.CompletedTask;
    }

    // Who has signed in is on every device; here the order's owner is, without a password.
    context.Response.ContentType = "text/html; charset=utf-8";
    context.Response.Headers.Set("Set-Cookie", $"member={snapshot.Order.Owner}; Path=/; HttpOnly; SameSite=Strict");
    context.Response.Headers.Set("Cache-Control", "no-store");
    return context.Response.WriteAsync(OrderPage.Render(snapshot));
});
server.MapGet("/api/orders", context => context.Response.WriteJsonAsync(book.All, OrderJson.Default.OrderArray!));
server.MapPost("/api/orders/{id}/status", async context =>
{
    StatusChange? change = await context.Request.ReadJsonAsync(OrderJson.Default.StatusChange!, maxBytes: 1_024);
    if (change is not { Status.Length: > 0 })
    {
        context.Response.StatusCode = 400;
    }
    else if (book.Change(IdOf(context), change.Status) is { } order)
    {
        await context.Response.WriteJsonAsync(order, OrderJson.Default.Order!);
    }
    else
    {
        context.Response.StatusCode = 404;
    }
});
server.MapPost("/api/jobs", context =>
{
    context.Response.StatusCode = 202;
    return context.Response.WriteJsonAsync(book.StartJob(), OrderJson.Default.JobProgress!);
});

// Changes of one order, by either wire.
server.MapWebSocket("/api/orders/{id}/ws", new OrderSocket(book), new WebSocketEndpointOptions { Topics = book.Hub, RequireSameOrigin = true, MaxMessageBytes = 1_024, MaxFrameBytes = 1_024 });
server.MapSseTopics("/api/orders/{id}/events", book.Hub, new SseTopicOptions
{
    SelectTopicsAsync = context => ValueTask.FromResult<IReadOnlyList<string>>(book.Find(IdOf(context)) is null ? [] : [OrderBook.TopicOf(IdOf(context))]),
});

// How far a job is: with ?last=100 from its beginning, whenever one comes.
server.MapSseTopics("/api/jobs/{id}/events", book.Hub, new SseTopicOptions
{
    SelectTopicsAsync = static context => ValueTask.FromResult<IReadOnlyList<string>>([$"job.{IdOf(context)}"]),
});

// What a member is told, on each device that is signed in.
server.MapSseTopics("/api/notifications", book.Hub, new SseTopicOptions
{
    SelectTopicsAsync = static context => ValueTask.FromResult<IReadOnlyList<string>>(context.Request.Cookies["member"] is { Length: > 0 } member ? [$"member.{member}"] : []),
});

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
    Console.Error.WriteLine($"cannot listen on port {port}: {exception.Message}");
    return 1;
}

Console.WriteLine($"Orders listening on http://{server.EndPoint}");
await stop.Task;
await server.StopAsync(TimeSpan.FromSeconds(5));
return 0;
