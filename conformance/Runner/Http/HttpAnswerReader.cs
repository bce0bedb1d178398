using System.Globalization;
using System.Text;

namespace Conformance;

/// <summary>Cuts what the server sent into answers; strict, because what a proxy would misread is a fault too.</summary>
internal static class HttpAnswerReader
{
    /// <summary>Reads the answers that are complete.</summary>
    /// <param name="bytes">Everything received.</param>
    /// <param name="isEnded">Whether the server ended the connection: an answer without a length ends there.</param>
    /// <param name="isHead">Whether the answers have no body.</param>
    /// <param name="restBytes">Bytes behind the last complete answer.</param>
    /// <exception cref="FormatException">What came is not HTTP/1.1.</exception>
    public static List<HttpAnswer> Read(ReadOnlySpan<byte> bytes, bool isEnded, bool isHead, out int restBytes)
    {
        List<HttpAnswer> answers = [];
        int at = 0;
        while (at < bytes.Length && TryRead(bytes[at..], isEnded, isHead, out HttpAnswer? answer, out int length))
        {
            answers.Add(answer!);
            at += length;
            if (answer!.Status == 101)
            {
                break;
            }
        }

        restBytes = bytes.Length - at;
        return answers;
    }

    private static bool TryRead(ReadOnlySpan<byte> bytes, bool isEnded, bool isHead, out HttpAnswer? answer, out int length)
    {
        answer = null;
        length = 0;
        int headEnd = bytes.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0)
        {
            return isEnded ? throw new FormatException("the connection ended inside a head") : false;
        }

        string[] lines = Encoding.Latin1.GetString(bytes[..headEnd]).Split("\r\n");
        if (lines[0].Length < 12 || !lines[0].StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || !int.TryParse(lines[0].AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status))
        {
            throw new FormatException($"not a status line: {lines[0]}");
        }

        (string Name, string Value)[] headers = [.. lines.Skip(1).Select(Field)];
        ReadOnlySpan<byte> after = bytes[(headEnd + 4)..];
        byte[]? body = BodyOf(after, headers, isEnded, hasNone: isHead || status is < 200 or 204 or 304, out int bodyLength);
        if (body is null)
        {
            return false;
        }

        answer = new HttpAnswer(status, headers, body);
        length = headEnd + 4 + bodyLength;
        return true;
    }

    private static (string Name, string Value) Field(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        bool isField = colon > 0 && !line.AsSpan(0, colon).ContainsAny(' ', '\t') && !line.AsSpan().ContainsAny('\r', '\n', '\0');
        return isField ? (line[..colon], line[(colon + 1)..].Trim()) : throw new FormatException($"not a field: {line}");
    }

    private static byte[]? BodyOf(ReadOnlySpan<byte> after, (string Name, string Value)[] headers, bool isEnded, bool hasNone, out int length)
    {
        length = 0;
        string[] lengths = [.. headers.Where(header => header.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)];
        bool isChunked = headers.Any(header => header.Name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) && header.Value.Equals("chunked", StringComparison.OrdinalIgnoreCase));
        if (lengths.Length > 1 || (lengths.Length == 1 && isChunked))
        {
            throw new FormatException("an answer with two lengths");
        }

        if (hasNone)
        {
            return [];
        }

        if (isChunked)
        {
            return Chunks(after, isEnded, out length);
        }

        if (lengths.Length == 0)
        {
            length = after.Length;
            return isEnded ? after.ToArray() : null;
        }

        length = int.Parse(lengths[0], NumberStyles.None, CultureInfo.InvariantCulture);
        return length <= after.Length ? after[..length].ToArray()
            : isEnded ? throw new FormatException("the connection ended inside a body")
            : null;
    }

    private static byte[]? Chunks(ReadOnlySpan<byte> bytes, bool isEnded, out int length)
    {
        length = 0;
        List<byte> body = [];
        while (true)
        {
            int lineEnd = bytes[length..].IndexOf("\r\n"u8);
            if (lineEnd < 0)
            {
                return isEnded ? throw new FormatException("the connection ended inside a chunked body") : null;
            }

            int size = int.Parse(Encoding.ASCII.GetString(bytes.Slice(length, lineEnd)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            int data = length + lineEnd + 2;
            if (bytes.Length < data + size + 2)
            {
                return isEnded ? throw new FormatException("the connection ended inside a chunk") : null;
            }

            if (!bytes.Slice(data + size, 2).SequenceEqual("\r\n"u8))
            {
                throw new FormatException("a chunk without its line end");
            }

            body.AddRange(bytes.Slice(data, size));
            length = data + size + 2;
            if (size == 0)
            {
                return [.. body];
            }
        }
    }
}
