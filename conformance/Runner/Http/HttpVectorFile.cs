using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Conformance;

/// <summary>Reads the vectors.</summary>
internal static partial class HttpVectorFile
{
    private const string Mark = "== ";
    private const string Pause = "<wait>";
    private const string End = "<end>";

    public static IReadOnlyList<HttpVector> ReadAll(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.txt").Order(StringComparer.Ordinal).SelectMany(path => Read(Path.GetFileNameWithoutExtension(path), File.ReadAllLines(path)))];

    public static IEnumerable<HttpVector> Read(string group, IEnumerable<string> lines)
    {
        List<string> block = [];
        foreach (string line in lines.Append(Mark))
        {
            if (line.StartsWith(Mark, StringComparison.Ordinal) && block.Count > 0)
            {
                yield return Parse(group, block);
                block.Clear();
            }

            if (line.Length > 0)
            {
                block.Add(line);
            }
        }
    }

    /// <summary>Resolves the escapes: \r \n \t \0 \\ \xHH.</summary>
    public static byte[] Unescape(string text)
    {
        List<byte> bytes = [];
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes.Add((byte)text[i]);
                continue;
            }

            i++;
            switch (text[i])
            {
                case 'r': bytes.Add((byte)'\r'); break;
                case 'n': bytes.Add((byte)'\n'); break;
                case 't': bytes.Add((byte)'\t'); break;
                case '0': bytes.Add(0); break;
                case '\\': bytes.Add((byte)'\\'); break;
                case 'x':
                    bytes.Add(byte.Parse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    i += 2;
                    break;
                default: throw new FormatException($"an escape that has no meaning: \\{text[i]}");
            }
        }

        return [.. bytes];
    }

    private static HttpVector Parse(string group, List<string> block)
    {
        string id = block[0][Mark.Length..].Trim();
        int send = block.IndexOf("send:");
        if (send < 0)
        {
            throw new FormatException($"{id} sends nothing");
        }

        Dictionary<string, string> fields = new(StringComparer.Ordinal);
        List<HttpOutcome> outcomes = [];
        foreach (string line in block.Take(send).Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            (string name, string value) = (line[..colon], line[(colon + 1)..].Trim());
            if (name is "expect" or "or")
            {
                outcomes.Add(HttpOutcome.Parse(value));
            }
            else if (name is "title" or "level" or "seen" or "write" or "head" or "body" or "header")
            {
                fields.Add(name, value);
            }
            else
            {
                throw new FormatException($"{id}: no such field: {name}");
            }
        }

        return new HttpVector
        {
            Id = id,
            Group = group,
            Title = fields.GetValueOrDefault("title", ""),
            Level = fields.GetValueOrDefault("level", ""),
            Seen = fields.GetValueOrDefault("seen", ""),
            Outcomes = outcomes.Count > 0 ? outcomes : throw new FormatException($"{id} expects nothing"),
            WriteBytes = int.Parse(fields.GetValueOrDefault("write", "0"), NumberStyles.None, CultureInfo.InvariantCulture),
            IsHead = fields.GetValueOrDefault("head") == "yes",
            Body = fields.TryGetValue("body", out string? body) ? Unescape(body) : null,
            Header = fields.GetValueOrDefault("header"),
            EndsSending = block[^1] == End,
            Parts = Parts(block.Skip(send + 1).Where(line => line != End)),
        };
    }

    private static List<byte[]?> Parts(IEnumerable<string> lines)
    {
        List<byte[]?> parts = [];
        StringBuilder text = new();
        foreach (string line in lines.Append(Pause))
        {
            if (line != Pause)
            {
                text.Append(Repetition().Replace(line, match => new StringBuilder().Insert(0, match.Groups[1].Value, int.Parse(match.Groups[2].Value, NumberStyles.None, CultureInfo.InvariantCulture)).ToString()));
                continue;
            }

            if (parts.Count > 0)
            {
                parts.Add(null);
            }

            parts.Add(Unescape(text.ToString()));
            text.Clear();
        }

        return parts;
    }

    [GeneratedRegex(@"\{(.*)\*(\d+)\}")]
    private static partial Regex Repetition();
}
