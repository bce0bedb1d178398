using System.Globalization;
using System.Net;
using Engine;
using RawEcho;

// usage: RawEcho PORT [auto|sockets|epoll] [LOOPS]: bytes back as they came, on the engine alone.
var options = new ServerOptions
{
    Transport = args.Length > 1 ? Enum.Parse<TransportKind>(args[1], ignoreCase: true) : TransportKind.Auto,
    LoopCount = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1,
};
options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture)));
await using var server = new EngineServer(options, static _ => EchoProtocol.Instance);
await server.StartAsync();
Console.WriteLine($"listening on {server.EndPoints[0]}");
await Task.Delay(Timeout.Infinite);
