using System.Globalization;
using System.Net;

namespace Lobby;

/// <summary>The program's options: --port N, --certificate FILE, --key FILE, --balancer NETWORK.</summary>
internal sealed class CommandLine
{
    public int Port { get; private set; } = 8090;

    public string? CertificatePath { get; private set; }

    public string? KeyPath { get; private set; }

    /// <summary>The network of the load balancers that begin connections with a PROXY header.</summary>
    public IPNetwork? Balancer { get; private set; }

    /// <summary>Null, with a line on standard error, when an argument is not understood.</summary>
    public static CommandLine? Parse(string[] arguments)
    {
        var parsed = new CommandLine();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--port" when ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port):
                    parsed.Port = port;
                    break;
                case "--certificate" when value is not null:
                    parsed.CertificatePath = value;
                    break;
                case "--key" when value is not null:
                    parsed.KeyPath = value;
                    break;
                case "--balancer" when IPNetwork.TryParse(value, out IPNetwork network):
                    parsed.Balancer = network;
                    break;
                default:
                    Console.Error.WriteLine($"not understood: {arguments[i]} {value}");
                    Console.Error.WriteLine("usage: Lobby [--port N] [--certificate FILE --key FILE] [--balancer NETWORK]");
                    return null;
            }
        }

        return parsed;
    }
}
