using System.Globalization;

namespace Engine.Bench;

/// <summary>What is measured, with whom, and for how long.</summary>
internal sealed class BenchOptions
{
    public const string Usage =
        """
        usage: ./build.sh bench [raw|echo|plain|scale|slowloris] [options]      (without a scenario: a short tour of raw, echo and plain)
          --peers a,b        engine, engine-sockets, c, kestrel, bun, deno, ws (default: all that the scenario knows)
          --connections a,b  default 100,4000; for scale and slowloris one number, default 100000 and 5000
          --seconds N        counted seconds a round, default 3
          --rounds N         alternating rounds, default 5
          --size N           bytes a message, default 20
          --batch N          messages a write; for plain the requests pipelined, default 1
        """;

    public string Scenario { get; private set; } = "tour";

    public string[] Peers { get; private set; } = [];

    public int[] Connections { get; private set; } = [];

    public double Seconds { get; private set; } = 3;

    public int Rounds { get; private set; } = 5;

    public int Size { get; private set; } = 20;

    public int Batch { get; private set; } = 1;

    public string CommandLine { get; private set; } = "";

    public static BenchOptions? Parse(string[] arguments)
    {
        var parsed = new BenchOptions { CommandLine = $"./build.sh bench {string.Join(' ', arguments)}".TrimEnd() };
        for (int i = 0; i < arguments.Length; i++)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            if (i == 0 && arguments[0] is "raw" or "echo" or "plain" or "scale" or "slowloris")
            {
                parsed.Scenario = arguments[0];
                continue;
            }

            if (value is null || !parsed.Take(arguments[i], value))
            {
                Console.Error.WriteLine($"not understood: {arguments[i]} {value}");
                Console.Error.WriteLine(Usage);
                return null;
            }

            i++;
        }

        return parsed;
    }

    private bool Take(string name, string value)
    {
        bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0;
        switch (name)
        {
            case "--peers":
                Peers = value.Split(',');
                return true;
            case "--connections":
                Connections = [.. value.Split(',').Select(static part => int.Parse(part, CultureInfo.InvariantCulture))];
                return true;
            case "--seconds" when isNumber:
                Seconds = number;
                return true;
            case "--rounds" when isNumber:
                Rounds = number;
                return true;
            case "--size" when isNumber:
                Size = number;
                return true;
            case "--batch" when isNumber:
                Batch = number;
                return true;
            default:
                return false;
        }
    }
}
