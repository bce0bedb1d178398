// Servers that well-known clients talk to, each a file: dotnet run --project samples/Dialects -- [--port N] [--transport auto|sockets|epoll] [--loops N] [--mqtt ADDRESS:PORT]
//   npm openai                        baseURL http://127.0.0.1:8080/v1
//   npm @modelcontextprotocol/sdk     http://127.0.0.1:8080/mcp
//   npm graphql-ws                    ws://127.0.0.1:8080/graphql
//   npm yjs with y-websocket          ws://127.0.0.1:8080/yjs
//   npm mqtt                          ws://127.0.0.1:8080/mqtt, with --mqtt ADDRESS:PORT, where an MQTT broker listens
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Dialects;
using Engine;
using Engine.Http1;

string Option(string name, string standard) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : standard;

await using var server = new HttpServer(new HttpServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, int.Parse(Option("--port", "8080"), CultureInfo.InvariantCulture)),
    Transport = Enum.Parse<TransportKind>(Option("--transport", "auto"), ignoreCase: true),
    LoopCount = int.Parse(Option("--loops", "0"), CultureInfo.InvariantCulture),
    OnError = static (exception, _) => Console.Error.WriteLine(exception),
});
using var tools = new McpTools();
new ChatCompletions().Map(server);
tools.Map(server);
GraphQlSubscriptions.Map(server);
new YjsRooms().Map(server);
await using var bridge = new MqttBridge(IPEndPoint.Parse(Option("--mqtt", "127.0.0.1:1883")));
bridge.Map(server);

var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
await server.StartAsync();
Console.WriteLine($"Dialects listening on http://{server.EndPoint}");
await stop.Task;
await server.StopAsync(TimeSpan.FromSeconds(5));
