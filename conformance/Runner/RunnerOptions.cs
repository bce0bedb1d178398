using System.Globalization;

namespace Conformance;

/// <summary>The command line.</summary>
internal sealed record RunnerOptions
{
    public const string Usage = """
        usage: ./build.sh conformance [options]

          (none)                    sections 1 to 7 and 10 against conformance/TestServer, over each transport
          --all                     sections 9, 12 and 13 too
          --beyond                  instead: what broke real servers and the suite does not ask for
          --case 6.4.3[,7,12.1]     only these cases, groups or sections
          --transport sockets|epoll|both
          --tls [openssl|sslstream|both]  over wss, by that back end (default both)
          --url ws://127.0.0.1:N    a server that runs already (wss too)
          --client                  the other way round: the cases against the engine's WebSocketClient
          --listen N                with --client: another client, which comes to that port by itself
          --http                    the request vectors of conformance/Http1
          --autobahn                the official suite by Docker, server and client, and the gate over its reports
          --gate FILE               only the gate, over an index.json of that suite (with --client: of its server)
          --fast [PART]             only that part of the message counts of 9.7, 9.8, 12 and 13 (default 0.02)
          --parallel N              cases at a time (default 4)
          --patience X              time limits are the suite's times X (default 1)
          --report FOLDER           where the reports go (default artifacts/conformance)
          --no-build                the program under test is built already
          --list                    the cases, without running them
        """;

    public bool IsAll { get; private set; }

    public bool IsBeyond { get; private set; }

    public IReadOnlyList<string> Selection { get; private set; } = [];

    public IReadOnlyList<string> Transports { get; private set; } = OperatingSystem.IsLinux() ? ["sockets", "epoll"] : ["sockets"];

    /// <summary>The back ends of TLS to go through; one null: plain text.</summary>
    public IReadOnlyList<string?> TlsBackends { get; private set; } = [null];

    public Uri? Url { get; private set; }

    public bool IsClient { get; private set; }

    /// <summary>Where an outside client comes to; 0 starts the repository's own.</summary>
    public int ListenPort { get; private set; }

    public bool IsHttp { get; private set; }

    public bool IsAutobahn { get; private set; }

    public string? GateFile { get; private set; }

    public double Scale { get; private set; } = 1;

    public int Parallel { get; private set; } = 4;

    public double Patience { get; private set; } = 1;

    public string? ReportFolder { get; private set; }

    public bool Builds { get; private set; } = true;

    public bool IsList { get; private set; }

    /// <summary>Reads the command line.</summary>
    /// <exception cref="FormatException">It is not one; the message says why.</exception>
    public static RunnerOptions Parse(string[] arguments)
    {
        RunnerOptions options = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i];
            string Value() => ++i < arguments.Length ? arguments[i] : throw new FormatException($"{name} needs a value");
            switch (name)
            {
                case "--all": options.IsAll = true; break;
                case "--beyond": options.IsBeyond = true; break;
                case "--case": options.Selection = [.. options.Selection, .. Value().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]; break;
                case "--transport": options.Transports = Transport(Value()); break;
                case "--tls": options.TlsBackends = Backends(i + 1 < arguments.Length && !arguments[i + 1].StartsWith('-') ? Value() : "both"); break;
                case "--url": options.Url = new Uri(Value()); break;
                case "--client": options.IsClient = true; break;
                case "--listen": options.ListenPort = (int)Number(name, Value(), ushort.MaxValue); break;
                case "--http": options.IsHttp = true; break;
                case "--autobahn": options.IsAutobahn = true; break;
                case "--gate": options.GateFile = Value(); break;
                case "--fast": options.Scale = i + 1 < arguments.Length && !arguments[i + 1].StartsWith('-') ? Number(name, Value(), 1) : 0.02; break;
                case "--parallel": options.Parallel = (int)Number(name, Value(), 256); break;
                case "--patience": options.Patience = Number(name, Value(), 1000); break;
                case "--report": options.ReportFolder = Value(); break;
                case "--no-build": options.Builds = false; break;
                case "--list": options.IsList = true; break;
                default: throw new FormatException($"unknown option: {name}");
            }
        }

        return options;
    }

    /// <summary>The cases that this command line asks for.</summary>
    /// <exception cref="FormatException">A name in the selection fits no case.</exception>
    public IReadOnlyList<ConformanceCase> Select(IReadOnlyList<ConformanceCase> catalogue)
    {
        if (Selection.Count == 0)
        {
            return [.. catalogue.Where(one => IsBeyond ? one.Id.Section == Section20Beyond.Section : one.Id.Section is <= 7 or 10 || (IsAll && one.Id.Section is 9 or 12 or 13))];
        }

        foreach (string name in Selection)
        {
            if (!catalogue.Any(one => IsWithin(one.Id, name)))
            {
                throw new FormatException($"no case fits {name}");
            }
        }

        return [.. catalogue.Where(one => Selection.Any(name => IsWithin(one.Id, name)))];
    }

    private static bool IsWithin(CaseId id, string name)
    {
        string wanted = name.EndsWith(".*", StringComparison.Ordinal) ? name[..^2] : name;
        string given = id.ToString();
        return wanted == "*" || given == wanted || given.StartsWith(wanted + ".", StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Transport(string value) => value switch
    {
        "both" => ["sockets", "epoll"],
        "sockets" or "epoll" or "auto" => [value],
        _ => throw new FormatException($"unknown transport: {value}"),
    };

    private static IReadOnlyList<string> Backends(string value) => value switch
    {
        "both" => ["openssl", "sslstream"],
        "openssl" or "sslstream" => [value],
        _ => throw new FormatException($"unknown TLS back end: {value}"),
    };

    private static double Number(string name, string text, double most) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && value <= most
            ? value
            : throw new FormatException($"{name} takes a number above 0 and up to {most}, not {text}");
}
