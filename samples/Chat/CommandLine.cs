using System.Globalization;

namespace Chat;

/// <summary>The program's options: --port N, --loops N, --transport auto|sockets|epoll, --journal FILE.</summary>
internal sealed class CommandLine
{
    public int Port { get; private set; } = 8080;

    public int Loops { get; private set; }

    public Engine.TransportKind Transport { get; private set; } = Engine.TransportKind.Auto;

    /// <summary>Keeps the rooms over a restart; null for none.</summary>
    public string? Journal { get; private set; }

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
                case "--transport" when Enum.TryParse(value, ignoreCase: true, out Engine.TransportKind transport) && Enum.IsDefined(transport):
                    parsed.Transport = transport;
                    break;
                case "--journal" when value is not null:
                    parsed.Journal = value;
                    break;
                default:
                    Console.Error.WriteLine($"not understood: {arguments[i]} {value}");
                    Console.Error.WriteLine("usage: Chat [--port N] [--loops N] [--transport auto|sockets|epoll] [--journal FILE]");
                    return null;
            }
        }

        return parsed;
    }
}
