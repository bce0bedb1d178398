using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Engine;
using Proxy;

// Passes connections on, as they are or with TLS taken off: Proxy --listen 127.0.0.1:8443 --to 127.0.0.1:8080 --certificate cert.pem --key key.pem
if (CommandLine.Parse(args) is not { } line)
{
    return 2;
}

var options = new ServerOptions { Transport = line.Transport };
options.EndPoints.Add(line.Listen);
if (line.Certificate is { } certificate)
{
    options.Tls = new TlsOptions { Certificate = X509Certificate2.CreateFromPemFile(certificate, line.Key) };
}

EngineClient? client = null;
await using var server = new EngineServer(options, _ => new Passage(() => client!, line.To));
await server.StartAsync();
client = new EngineClient(server);
Console.WriteLine($"Proxy listening on {server.EndPoints[0]}");
var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
await stop.Task;

// What is under way may end by itself; what has not after ten seconds is cut.
await server.StopAsync(TimeSpan.FromSeconds(10));
return 0;
