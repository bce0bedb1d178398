using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Chat;
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
    LoopCount = line.Loops,
    Transport = line.Transport,
    OnError = static (exception, _) => Console.Error.WriteLine(exception),
});
using Journal? journal = line.Journal is null ? null : new Journal(line.Journal);
using var rooms = new Rooms(journal);
var tickets = new Tickets();

server.MapStaticFiles("/", Path.Combine(AppContext.BaseDirectory, "pages"));
server.MapPost("/auth", tickets.SignInAsync);
server.MapTopicProtocol("/topics", rooms.Hub, new TopicProtocolOptions
{
    // Who does not answer for so long is gone, and the others see it leave.
    Endpoint = new WebSocketEndpointOptions
    {
        MaxMessageBytes = Rooms.MaxMessageBytes * 2,
        MaxFrameBytes = Rooms.MaxMessageBytes * 2,
        RequireSameOrigin = true,
        PingInterval = TimeSpan.FromSeconds(10),
        PongTimeout = TimeSpan.FromSeconds(10),
    },
    AuthenticateAsync = context => ValueTask.FromResult(tickets.NameOf(context) is { } name ? Rooms.PeerOf(name) : null),
    AuthorizeSubscribeAsync = static (peer, topic) => ValueTask.FromResult(Rooms.MayHear((string)peer.User!, topic)),
    AuthorizePublishAsync = static (peer, topic) => ValueTask.FromResult(Rooms.MayPublish((string)peer.User!, topic)),
    Complete = (peer, topic, message) => rooms.Complete((string)peer.User!, topic, message),
});

// The same rooms for readers without a name, and for clients whose WebSockets do not get through.
server.MapSseTopics("/events", rooms.Hub, new SseTopicOptions
{
    AuthorizeAsync = (context, topic) => ValueTask.FromResult(Rooms.MayHear(tickets.NameOf(context), topic)),
    GetMemberName = tickets.NameOf,
});
server.MapTopicPublish("/topics/{topic}", rooms.Hub, new TopicPublishOptions
{
    AuthorizeAsync = (context, topic) => ValueTask.FromResult(tickets.NameOf(context) is { } name && Rooms.MayPublish(name, topic)),
    CreateMessage = (context, topic, body) => rooms.Complete(tickets.NameOf(context)!, topic, new Engine.PubSub.TopicMessage(body, Engine.PubSub.PayloadKind.Json)
    {
        IdempotencyKey = context.Request.Headers["Idempotency-Key"],
    }),
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
    Console.Error.WriteLine($"cannot listen on port {line.Port}: {exception.Message}");
    return 1;
}

Console.WriteLine($"Chat listening on http://{server.EndPoint}");
await stop.Task;
await server.StopAsync(TimeSpan.FromSeconds(5));
Console.WriteLine("Chat stopped");
return 0;
