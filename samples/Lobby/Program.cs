using System.Net;
using System.Net.Security;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Engine;
using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;
using Engine.WebSockets;
using Lobby;

if (CommandLine.Parse(args) is not { } line)
{
    return 2;
}

var options = new HttpServerOptions { OnError = static (exception, _) => Console.Error.WriteLine(exception) };

// Under systemd the sockets of its unit; by hand a port of the loopback.
IReadOnlyList<InheritedEndPoint> inherited = InheritedEndPoint.FromEnvironment();
foreach (EndPoint endPoint in inherited.Count > 0 ? (IEnumerable<EndPoint>)inherited : [new IPEndPoint(IPAddress.Loopback, line.Port)])
{
    options.EndPoints.Add(endPoint);
}

if (line.CertificatePath is { } path)
{
    options.Server.Tls = new TlsOptions { HandshakeTimeout = TimeSpan.FromSeconds(5) };
    X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(path, line.KeyPath);
    options.Server.Tls.Certificates.Set("*", SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true));
}

if (line.Balancer is { } network)
{
    options.Server.ProxyProtocol = new ProxyProtocolOptions { TrustedNetworks = { network } };
}

using var watchers = new SseHub<string>(new SseHubOptions<string>
{
    Topics = new TopicHubOptions { Default = new TopicOptions(TopicKind.Stream) { MaxMessages = 100 } },
});
await using var server = new HttpServer(options);

// Middleware: the first is the outermost.
server.Use(RequestIds.Create());
server.Use(AccessLog.Create(static (in AccessLogEntry entry) => Console.WriteLine(entry.ToCombinedLine())));
server.Use(static (context, next) =>
{
    context.Response.Headers.Set("X-Content-Type-Options", "nosniff");
    return next(context);
});

server.MapGet("/who", static context => context.Response.WriteAsync($"{context.Connection.RemoteEndPoint}\n"));
server.MapWebSocket("/play", new Players(watchers), new WebSocketEndpointOptions { MaxMessageBytes = 1024, RequireSameOrigin = true });
server.MapSseHub("/watch", watchers, static context => ValueTask.FromResult<SseTicket<string>?>(new SseTicket<string>(Guid.NewGuid().ToString("N"), "watcher", "lobby")));

var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
await server.StartAsync();
string scheme = options.Server.Tls is null ? "" : "s";
Console.WriteLine($"Lobby listening on http{scheme}://{server.EndPoint}");

// A player that plays by itself, and comes back when it is thrown out.
WebSocketClient? robot = null;
if (options.Server.Tls is null && line.Balancer is null)
{
    robot = new WebSocketClient(new Uri($"ws://{server.EndPoint}/play"));
    await robot.ConnectAsync();
    await robot.SendJsonAsync(new Move(Direction.North), ContractJson.Move);
}

await stop.Task;
if (robot is not null)
{
    await robot.CloseAsync();
    await robot.DisposeAsync();
}

await server.StopAsync(TimeSpan.FromSeconds(5));
return 0;
