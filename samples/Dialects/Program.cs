// Servers that well-known clients talk to, each a file: dotnet run --project samples/Dialects -- [--port N] [--transport auto|sockets|epoll] [--loops N] [--mqtt ADDRESS:PORT]
//   npm graphql-ws                    ws://127.0.0.1:8080/graphql
//   npm yjs with y-websocket          ws://127.0.0.1:8080/yjs
//   npm mqtt                          ws://127.0.0.1:8080/mqtt, with --mqtt ADDRESS:PORT, where an MQTT broker listens
using System.Net;
using Dialects;
using Engine.Http1;
using Samples;

if (CommandLine.Parse("Dialects", args, "--mqtt ADDRESS:PORT") is not { } line)
{
    return 2;
}

await using HttpServer server = SampleServer.Create(line);
GraphQlSubscriptions.Map(server);
new YjsRooms().Map(server);
await using var bridge = new MqttBridge(IPEndPoint.Parse(line["--mqtt"] ?? "127.0.0.1:1883"));
bridge.Map(server);
return await SampleServer.RunAsync(server, line);
