using System.Globalization;
using Engine;

namespace Demo;

/// <summary>The program's options: --port N, --transport auto|sockets|epoll, --loops N.</summary>
internal sealed class CommandLine
{
    public int Port { get; private set; } = 8080;

    public TransportKind Transport { get; private set; } = TransportKind.Auto;

    public int Loops { get; private set; }

    /// <summary>Null, with a line on standard error, when an argument is not understood.</summary>
    public static CommandLine? Parse(string[] arguments)
    {
        var parsed = new CommandLine();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            switch (arguments[i])
            {
                case "--port" when isNumber && number <= 65_535:
                    parsed.Port = number;
                    break;
                case "--loops" when isNumber && number <= 64:
                    parsed.Loops = number;
                    break;
                case "--transport" when Enum.TryParse(value, ignoreCase: true, out TransportKind transport) && Enum.IsDefined(transport):
                    parsed.Transport = transport;
                    break;
                default:
                    Console.Error.WriteLine($"not understood: {arguments[i]} {value}");
                    Console.Error.WriteLine("usage: Demo [--port N] [--transport auto|sockets|epoll] [--loops N]");
                    return null;
            }
        }

        return parsed;
    }
}
