using System.Globalization;
using Engine;

namespace TestServer;

/// <summary>The program's options: --port N, --transport auto|sockets|epoll, --loops N, --deflate, --tls, --tls-backend auto|openssl|sslstream, --reuse-port, --max-outbound BYTES, --backplane nats://HOST:PORT|redis://HOST:PORT|amqp://HOST:PORT.</summary>
internal sealed class CommandLine
{
    public int Port { get; private set; } = 9001;

    public TransportKind Transport { get; private set; } = TransportKind.Auto;

    public int Loops { get; private set; }

    public bool Deflate { get; private set; }

    public bool Tls { get; private set; }

    public TlsBackend TlsBackend { get; private set; }

    public bool ReusePort { get; private set; }

    /// <summary>Bytes that may wait for one client; 0 leaves the server's default.</summary>
    public int MaxOutbound { get; private set; }

    /// <summary>The broker that joins the topics to those of other servers; null for none.</summary>
    public Uri? Backplane { get; private set; }

    /// <summary>Null, with a line on standard error, when an argument is not understood.</summary>
    public static CommandLine? Parse(string[] arguments)
    {
        var parsed = new CommandLine();
        for (int i = 0; i < arguments.Length; i++)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--port" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= 65_535:
                    parsed.Port = port;
                    i++;
                    break;
                case "--loops" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int loops) && loops <= 64:
                    parsed.Loops = loops;
                    i++;
                    break;
                case "--transport" when Enum.TryParse(value, ignoreCase: true, out TransportKind transport) && Enum.IsDefined(transport):
                    parsed.Transport = transport;
                    i++;
                    break;
                case "--max-outbound" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int bytes):
                    parsed.MaxOutbound = bytes;
                    i++;
                    break;
                case "--backplane" when Uri.TryCreate(value, UriKind.Absolute, out Uri? backplane) && Backplanes.Knows(backplane):
                    parsed.Backplane = backplane;
                    i++;
                    break;
                case "--deflate":
                    parsed.Deflate = true;
                    break;
                case "--tls":
                    parsed.Tls = true;
                    break;
                case "--tls-backend" when Enum.TryParse(value, ignoreCase: true, out TlsBackend backend) && Enum.IsDefined(backend):
                    parsed.TlsBackend = backend;
                    i++;
                    break;
                case "--reuse-port":
                    parsed.ReusePort = true;
                    break;
                default:
                    Console.Error.WriteLine($"not understood: {arguments[i]} {value}");
                    Console.Error.WriteLine(
                        "usage: TestServer [--port N] [--transport auto|sockets|epoll] [--loops N] [--deflate] [--tls] [--tls-backend auto|openssl|sslstream] [--reuse-port] [--max-outbound BYTES] [--backplane nats://HOST:PORT|redis://HOST:PORT|amqp://HOST:PORT]");
                    return null;
            }
        }

        return parsed;
    }
}
