using System.Globalization;
using Engine;

namespace Samples;

/// <summary>The options that the samples share, --port N, --loops N and --transport auto|sockets|epoll, and those that a program names.</summary>
internal sealed class CommandLine
{
    private readonly Dictionary<string, string> _more = [];

    private CommandLine(string program) => Program = program;

    /// <summary>The program's name.</summary>
    public string Program { get; }

    public int Port { get; private set; } = 8080;

    public int Loops { get; private set; }

    public TransportKind Transport { get; private set; } = TransportKind.Auto;

    /// <summary>The value of one of the program's own options; null when it was not given.</summary>
    public string? this[string option] => _more.GetValueOrDefault(option);

    /// <summary>Returns null, with two lines on standard error, when an argument is not understood.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="arguments">What it was started with.</param>
    /// <param name="more">Its own options, such as <c>--journal FILE</c>; each has a value.</param>
    public static CommandLine? Parse(string program, string[] arguments, params string[] more)
    {
        var parsed = new CommandLine(program);
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
                case { } option when value is not null && more.Any(one => one.Split(' ')[0] == option):
                    parsed._more[option] = value;
                    break;
                default:
                    Console.Error.WriteLine($"not understood: {arguments[i]} {value}");
                    Console.Error.WriteLine($"usage: {program} [--port N] [--loops N] [--transport auto|sockets|epoll]{string.Concat(more.Select(static one => $" [{one}]"))}");
                    return null;
            }
        }

        return parsed;
    }
}
