using System.Net;
using Engine;

namespace Proxy;

/// <summary>The program's options.</summary>
internal sealed class CommandLine
{
    private const string Usage = "usage: Proxy --listen ADDRESS:PORT --to HOST:PORT [--certificate PEM [--key PEM]] [--transport auto|sockets|epoll]";

    public IPEndPoint Listen { get; private set; } = new(IPAddress.Loopback, 8000);

    public EndPoint To { get; private set; } = new DnsEndPoint("localhost", 8080);

    public string? Certificate { get; private set; }

    public string? Key { get; private set; }

    public TransportKind Transport { get; private set; } = TransportKind.Auto;

    /// <summary>Null, with a line on standard error, when an argument is not understood.</summary>
    public static CommandLine? Parse(string[] arguments)
    {
        var parsed = new CommandLine();
        for (int i = 0; i + 1 < arguments.Length; i += 2)
        {
            if (!parsed.Take(arguments[i], arguments[i + 1]))
            {
                Console.Error.WriteLine($"not understood: {arguments[i]} {arguments[i + 1]}\n{Usage}");
                return null;
            }
        }

        if (arguments.Length % 2 != 0)
        {
            Console.Error.WriteLine(Usage);
            return null;
        }

        return parsed;
    }

    private bool Take(string name, string value)
    {
        switch (name)
        {
            case "--listen" when IPEndPoint.TryParse(value, out IPEndPoint? listen):
                Listen = listen;
                return true;
            case "--to" when IPEndPoint.TryParse(value, out IPEndPoint? address) && address.Port != 0:
                To = address;
                return true;
            case "--to" when value.LastIndexOf(':') is > 0 and int colon && int.TryParse(value[(colon + 1)..], out int port) && port is > 0 and <= 65_535:
                To = new DnsEndPoint(value[..colon], port);
                return true;
            case "--certificate":
                Certificate = value;
                return true;
            case "--key":
                Key = value;
                return true;
            case "--transport" when Enum.TryParse(value, ignoreCase: true, out TransportKind transport) && Enum.IsDefined(transport):
                Transport = transport;
                return true;
            default:
                return false;
        }
    }
}
