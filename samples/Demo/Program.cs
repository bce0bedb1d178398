using Demo;
using Engine.Http1;
using Engine.Sse;
using Engine.StaticFiles;
using Engine.WebSockets;
using Samples;

if (CommandLine.Parse("Demo", args) is not { } line)
{
    return 2;
}

await using HttpServer server = SampleServer.Create(line);

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

// The other samples, each as its own program maps it, and the figures of all of it.
string sites = Path.Combine(AppContext.BaseDirectory, "sites");
using var chat = new Chat.ChatSite();
using var orders = new Orders.OrdersSite();
using var game = new Game.GameSite();
using var gateway = new Gateway.GatewaySite();
server.MapGroup("/chat", group => chat.Map(group, Path.Combine(sites, "chat")));
server.MapGroup("/orders", group => orders.Map(group, Path.Combine(sites, "orders")));
server.MapGroup("/game", group => game.Map(group, Path.Combine(sites, "game"), () => server.Engine.Metrics.BytesSent));
server.MapGroup("/gateway", group => gateway.Map(group, Path.Combine(sites, "gateway")));
await using var dashboard = new Dashboard(server, [chat.Hub, orders.Hub, game.Hub]);
dashboard.Map(server);

return await SampleServer.RunAsync(server, line);
