using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using KestrelPeer;
using Microsoft.AspNetCore.SignalR;

// usage: Kestrel PORT [--tls CERTIFICATE KEY | --redis HOST:PORT]: a minimal API, System.Net.WebSockets, SignalR and event streams, as their documents show them.
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture), listen =>
{
    if (args is [_, "--tls", var certificate, var key])
    {
        listen.UseHttps(X509Certificate2.CreateFromPemFile(certificate, key));
    }
}));
ISignalRServerBuilder signalR = builder.Services.AddSignalR();
if (args is [_, "--redis", var redis])
{
    signalR.AddStackExchangeRedis(redis);
}

builder.Services.AddSingleton<FanoutHub.TopicGroups>();
WebApplication app = builder.Build();
app.UseWebSockets();
app.MapHub<FanoutHub>("/signalr");
app.MapGet("/fanout", new Fanout().RunAsync);
app.MapGet("/publish", static (HttpContext context, FanoutHub.TopicGroups groups) => groups.Start(context));
app.MapGet("/plain", static () => "Hello, World!");
app.MapGet("/ticks", new Ticks().RunAsync);
app.Map("/{**path}", static async context =>
{
    using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
    byte[] buffer = new byte[4096];
    while (true)
    {
        ValueWebSocketReceiveResult result = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
        if (result.MessageType == WebSocketMessageType.Close)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            return;
        }

        await socket.SendAsync(buffer.AsMemory(0, result.Count), result.MessageType, result.EndOfMessage, CancellationToken.None);
    }
});
await app.StartAsync();
Console.WriteLine($"listening on {new Uri(app.Urls.First()).Authority}");
await app.WaitForShutdownAsync();
