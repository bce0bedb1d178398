using System.Globalization;
using System.Text;

namespace Engine.TestKit;

/// <summary>One HTTP/1.x response as it was on the wire, split into its parts without judging them.</summary>
/// <param name="StatusLine">For example <c>HTTP/1.1 200 OK</c>, without CRLF.</param>
/// <param name="Fields">The field lines in order, names as sent.</param>
/// <param name="Body">The content, chunked framing removed.</param>
/// <param name="RawBody">The body's bytes as sent, chunked framing included.</param>
public sealed record RawHttpResponse(string StatusLine, IReadOnlyList<KeyValuePair<string, string>> Fields, byte[] Body, byte[] RawBody)
{
    /// <summary>The three digits of the status line.</summary>
    public int StatusCode => int.Parse(StatusLine.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>The body read as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The first field of that name in any case, or null.</summary>
    public string? this[string name] => Fields
        .Where(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(field => field.Value)
        .FirstOrDefault();

    /// <summary>Splits a head (status line and fields, without the empty line).</summary>
    internal static (string StatusLine, List<KeyValuePair<string, string>> Fields) ParseHead(ReadOnlySpan<byte> head)
    {
        string[] lines = Encoding.Latin1.GetString(head).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || !lines[0].StartsWith("HTTP/1.", StringComparison.Ordinal))
        {
            throw new InvalidDataException($"Not an HTTP/1.x response: <{Encoding.Latin1.GetString(head)}>.");
        }

        List<KeyValuePair<string, string>> fields = [];
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                throw new InvalidDataException($"A field line without a name: <{line}>.");
            }

            fields.Add(new(line[..colon], line[(colon + 1)..].Trim()));
        }

        return (lines[0], fields);
    }
}
