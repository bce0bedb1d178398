using System.Globalization;
using System.Net;
using System.Net.WebSockets;

// usage: Kestrel PORT: a minimal API and System.Net.WebSockets, as their documents show them.
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture)));
WebApplication app = builder.Build();
app.UseWebSockets();
app.MapGet("/plain", static () => "Hello, World!");
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
