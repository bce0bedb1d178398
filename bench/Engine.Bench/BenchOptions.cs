using System.Globalization;

namespace Engine.Bench;

/// <summary>What is measured, with whom, and for how long.</summary>
internal sealed class BenchOptions
{
    public const string Usage =
        """
        usage: ./build.sh bench [scenario] [options]     without a scenario: a tour of all but the long ones, in about 5 minutes

          raw         bytes back as they came, against the same loop in C
          echo        WebSocket echo
          plain       GET /plain, keep-alive
          pipelined   the same, 16 requests a write
          sse         event streams: one fast stream; a broadcast to 1,000
          topics      one publisher, thousands of WebSockets that listen
          backplane   two nodes over one Redis: publish on one, subscribers on the other
          churn       connect, upgrade, one message, close
          slow        echo for good clients while others never read
          tls         handshakes whole and resumed, echo and churn over TLS, beside a C loop, Kestrel and Bun
          scale       idle WebSockets by the hundred thousand
          crowd       topics: 20,000 WebSockets of which half do not read, 100,000 with topics of their own, slow readers of the latest value
          slowloris   thousands of heads that never end
          soak        minutes of mixed traffic, and what is left behind
          storm       minutes of clients that misbehave, and canaries that nobody else may see
          alloc       what the whole process allocates over a million messages
          wrk         this load generator beside wrk on the same servers
          cold        GET /plain second by second from the start of the process: by the JIT, ReadyToRun and natively, beside Kestrel and Bun
          micro       BenchmarkDotNet on the parts (takes BenchmarkDotNet's own options)

          --peers a,b        engine, engine-sockets, c, beast, kestrel, signalr, bun, deno, ws (default: all that the scenario knows);
                             of cold: engine, engine-r2r, engine-r2r-static, engine-aot, kestrel, kestrel-aot, bun
          --transport T      epoll, sockets or both (default): the engines among the peers
          --connections a,b  default by scenario
          --seconds N        counted seconds a round, default 3
          --rounds N         alternating rounds, default 5
          --size N           bytes a message, default 20
          --batch N          messages a write, default 1
          --rate N           messages a second in all, open loop: latency from the planned time (default 0: closed loop)
          --cores 1|2        1 (default): server on CPU 0, load on CPU 1; 2: both on both, two loops, two load threads
          --minutes N        of soak and storm, default 10
          --check            fail when a ratio to a peer falls under its number in bench/ratios.json
        """;

    private static readonly string[] KnownScenarios = ["raw", "echo", "plain", "pipelined", "sse", "topics", "backplane", "churn", "slow", "tls", "scale", "crowd", "slowloris", "soak", "storm", "alloc", "wrk", "cold"];

    public string Scenario { get; private set; } = "tour";

    /// <summary>All comparisons with fewer cases, so that it is over in minutes.</summary>
    public bool IsTour => Scenario == "tour";

    public string[] Peers { get; private set; } = [];

    public string Transport { get; private set; } = "both";

    public int[] Connections { get; private set; } = [];

    public double Seconds { get; private set; } = 3;

    public int Rounds { get; private set; } = 5;

    public int Size { get; private set; } = 20;

    public int Batch { get; private set; } = 1;

    public int Rate { get; private set; }

    public int Cores { get; private set; } = 1;

    public int Minutes { get; private set; } = 10;

    public bool IsChecked { get; private set; }

    public string CommandLine { get; private set; } = "";

    public static BenchOptions? Parse(string[] arguments)
    {
        var parsed = new BenchOptions { CommandLine = $"./build.sh bench {string.Join(' ', arguments)}".TrimEnd() };
        int first = 0;
        if (arguments.Length > 0 && KnownScenarios.Contains(arguments[0]))
        {
            parsed.Scenario = arguments[0];
            first = 1;
        }
        else
        {
            // The tour is to be over in minutes: its tables say how short its rounds are.
            parsed.Rounds = 2;
            parsed.Seconds = 1;
        }

        for (int i = first; i < arguments.Length; i++)
        {
            if (arguments[i] == "--check")
            {
                parsed.IsChecked = true;
                continue;
            }

            if (arguments[i] == "--help")
            {
                Console.Error.WriteLine(Usage);
                return null;
            }

            if (i + 1 == arguments.Length || !parsed.Take(arguments[i], arguments[i + 1]))
            {
                Console.Error.WriteLine($"not understood: {arguments[i]}");
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
            case "--transport" when value is "epoll" or "sockets" or "both":
                Transport = value;
                return true;
            case "--connections":
                string[] parts = value.Split(',');
                Connections = [.. parts.Select(static part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 0)];
                return Connections.All(static count => count > 0);
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
            case "--rate" when isNumber:
                Rate = number;
                return true;
            case "--cores" when number is 1 or 2:
                Cores = number;
                return true;
            case "--minutes" when isNumber:
                Minutes = number;
                return true;
            default:
                return false;
        }
    }
}
