namespace Engine.TypeScript.Tool;

/// <summary>What the command line asks for.</summary>
internal sealed class ToolOptions
{
    public const string Usage =
        """
        usage: engine-typescript ASSEMBLY.dll --out FILE.ts [options]

          --out FILE.ts          where the TypeScript goes
          --asyncapi FILE.json   where an AsyncAPI 3.1 document goes; without it none is written
          --long string|bigint   what 64-bit integers are in TypeScript, default string; in JSON they are strings
          --date string|Date     what DateTime and DateTimeOffset are in TypeScript, default string
          --watch                writes again whenever the assembly is built again, until Ctrl-C
          --check                writes nothing; ends with 1 when a file is not what would be written
        """;

    public string Assembly { get; private set; } = "";

    public string Output { get; private set; } = "";

    public string? AsyncApi { get; private set; }

    /// <summary>Whether 64-bit integers are bigint, else string.</summary>
    public bool IsBigInt { get; private set; }

    /// <summary>Whether dates with a time are Date, else string.</summary>
    public bool IsDate { get; private set; }

    public bool IsWatching { get; private set; }

    public bool IsChecking { get; private set; }

    /// <summary>Returns null, with the reason in <paramref name="error"/>, for a command line that cannot be understood.</summary>
    public static ToolOptions? Parse(IReadOnlyList<string> arguments, out string error)
    {
        var parsed = new ToolOptions();
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            string? value = argument is "--out" or "--asyncapi" or "--long" or "--date" && i + 1 < arguments.Count ? arguments[++i] : null;
            switch (argument, value)
            {
                case ("--out", { Length: > 0 }):
                    parsed.Output = value;
                    break;
                case ("--asyncapi", { Length: > 0 }):
                    parsed.AsyncApi = value;
                    break;
                case ("--long", "string" or "bigint"):
                    parsed.IsBigInt = value == "bigint";
                    break;
                case ("--date", "string" or "Date"):
                    parsed.IsDate = value == "Date";
                    break;
                case ("--watch", _):
                    parsed.IsWatching = true;
                    break;
                case ("--check", _):
                    parsed.IsChecking = true;
                    break;
                default:
                    if (argument.StartsWith('-') || parsed.Assembly.Length > 0)
                    {
                        error = $"not understood: {argument} {value}".TrimEnd();
                        return null;
                    }

                    parsed.Assembly = argument;
                    break;
            }
        }

        error = parsed.Assembly.Length == 0 ? "which assembly?" : parsed.Output.Length == 0 ? "--out is needed" : parsed is { IsWatching: true, IsChecking: true } ? "either --watch or --check" : "";
        return error.Length == 0 ? parsed : null;
    }
}
