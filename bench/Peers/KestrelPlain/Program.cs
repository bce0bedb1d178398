using System.Globalization;
using System.Net;

// usage: KestrelPlain PORT: one route and nothing else, so that the same program can be native, which SignalR can not.
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture)));
WebApplication app = builder.Build();
app.MapGet("/plain", static () => "Hello, World!");
await app.StartAsync();
Console.WriteLine($"listening on {new Uri(app.Urls.First()).Authority}");
await app.WaitForShutdownAsync();
