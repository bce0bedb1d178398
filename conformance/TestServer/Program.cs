using System.Net;
using System.Runtime.InteropServices;
using Engine;
using Engine.Http1;
using Engine.PubSub;
using TestServer;

if (CommandLine.Parse(args) is not { } line)
{
    return 2;
}

var options = new HttpServerOptions
{
    EndPoint = new IPEndPoint(IPAddress.Loopback, line.Port),
    Transport = line.Transport,
    LoopCount = line.Loops,
    OnError = static (exception, _) => Report(exception),
};
options.Server.ReusePort = line.ReusePort;
if (line.MaxOutbound > 0)
{
    options.Server.Connections.MaxOutboundBytes = line.MaxOutbound;
}

if (line.Tls)
{
    options.Server.Tls = new TlsOptions { Certificate = Certificates.Make(), Backend = line.TlsBackend };
}

options.Limits.MaxRequestBodySize = 1L << 32;
await using var server = new HttpServer(options);
await using IBackplane? backplane = line.Backplane is { } broker ? Backplanes.Make(broker) : null;
Routes.Map(server, line.Deflate, backplane);

var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
await server.StartAsync();
Console.WriteLine($"listening on {server.EndPoint}");
await stop.Task;
await server.StopAsync(TimeSpan.FromSeconds(5));
return 0;

static void Report(Exception exception)
{
    // Peers that leave within a body are what this server is here for.
    if (exception is not RequestBodyException)
    {
        Console.Error.WriteLine(exception);
    }
}
