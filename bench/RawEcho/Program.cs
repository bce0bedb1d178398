using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Engine;
using RawEcho;

// usage: RawEcho PORT [auto|sockets|epoll] [LOOPS] [auto|sslstream|openssl CERTIFICATE KEY]: bytes back as they came, on the engine alone.
var options = new ServerOptions
{
    Transport = args.Length > 1 ? Enum.Parse<TransportKind>(args[1], ignoreCase: true) : TransportKind.Auto,
    LoopCount = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1,
};
if (args is [_, _, _, string library, string certificate, string key])
{
    options.Tls = new TlsOptions { Certificate = X509Certificate2.CreateFromPemFile(certificate, key), Backend = Enum.Parse<TlsBackend>(library, ignoreCase: true) };
}

options.EndPoints.Add(new IPEndPoint(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture)));
await using var server = new EngineServer(options, static _ => EchoProtocol.Instance);
await server.StartAsync();
Console.WriteLine($"listening on {server.EndPoints[0]}");
await Task.Delay(Timeout.Infinite);
