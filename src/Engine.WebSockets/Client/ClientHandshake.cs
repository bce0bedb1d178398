using System.Globalization;
using System.Text;

namespace Engine.WebSockets;

/// <summary>The client's side of the opening handshake (RFC 6455 §4.1). Pure: text out, bytes in.</summary>
internal static class ClientHandshake
{
    /// <summary>The longest answer head that is read.</summary>
    public const int MaxAnswerBytes = 32_768;

    private const int MaxRetryAfterSeconds = 86_400;

    /// <summary>The request for a connection.</summary>
    public static byte[] Request(Uri uri, IDictionary<string, string> headers, WebSocketClientOptions options, string key)
    {
        var request = new StringBuilder();
        request.Append(CultureInfo.InvariantCulture, $"GET {uri.PathAndQuery} HTTP/1.1\r\n");
        if (!headers.ContainsKey("Host"))
        {
            request.Append(CultureInfo.InvariantCulture, $"Host: {Authority(uri)}\r\n");
        }

        request.Append(CultureInfo.InvariantCulture, $"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n");
        if (options.SubProtocols.Count > 0)
        {
            Add(request, "Sec-WebSocket-Protocol", string.Join(", ", options.SubProtocols));
        }

        if (options.Compression is { } compression)
        {
            Add(request, "Sec-WebSocket-Extensions", ExtensionOffer.Offer(compression));
        }

        foreach ((string name, string value) in headers)
        {
            Add(request, name, value);
        }

        return Encoding.Latin1.GetBytes(request.Append("\r\n").ToString());
    }

    /// <summary>Reads the answer's head, its empty line included. Null for an interim one (RFC 9110 §15.2), after which the answer is still to come.</summary>
    /// <exception cref="WebSocketHandshakeException">It accepts nothing, or something that was not asked for.</exception>
    public static ClientAgreement? ReadAnswer(ReadOnlySpan<byte> head, WebSocketClientOptions options, string key)
    {
        string[] lines = Encoding.Latin1.GetString(head).Split("\r\n");
        string[] status = lines[0].Split(' ', 3);
        if (status.Length < 2 || status[0] != "HTTP/1.1" || !int.TryParse(status[1], NumberStyles.None, CultureInfo.InvariantCulture, out int code))
        {
            throw new WebSocketHandshakeException("The server does not answer as an HTTP/1.1 server.");
        }

        if (code is >= 100 and < 200 and not 101)
        {
            return null;
        }

        Dictionary<string, string> headers = ReadHeaders(lines);
        if (code != 101)
        {
            throw new WebSocketHandshakeException($"The server answered the WebSocket handshake with {code}.", code, RetryAfter(headers));
        }

        if (!ServerHandshake.HasToken(headers.GetValueOrDefault("Upgrade"), "websocket")
            || !ServerHandshake.HasToken(headers.GetValueOrDefault("Connection"), "upgrade")
            || headers.GetValueOrDefault("Sec-WebSocket-Accept") != AcceptKey.Compute(key))
        {
            throw new WebSocketHandshakeException("The server's answer does not belong to a WebSocket handshake.", code, null);
        }

        string? subProtocol = headers.GetValueOrDefault("Sec-WebSocket-Protocol");
        if (subProtocol is not null && !options.SubProtocols.Contains(subProtocol))
        {
            throw new WebSocketHandshakeException("The server chose a subprotocol that was not offered.", code, null);
        }

        if (!ExtensionOffer.TryReadAnswer(headers.GetValueOrDefault("Sec-WebSocket-Extensions"), options.Compression, out DeflateAgreement deflate))
        {
            throw new WebSocketHandshakeException("The server chose an extension that was not offered.", code, null);
        }

        return new ClientAgreement(subProtocol, deflate);
    }

    /// <summary>RFC 3986 §3.2.2: an IPv6 address stands in brackets.</summary>
    private static string Authority(Uri uri)
    {
        string host = uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
        return uri.IsDefaultPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{uri.Port}");
    }

    private static void Add(StringBuilder request, string name, string value)
    {
        if (name.AsSpan().ContainsAny("\r\n: ") || value.AsSpan().ContainsAny("\r\n\0"))
        {
            throw new ArgumentException($"The header {name} would break the request.", nameof(value));
        }

        request.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
    }

    private static Dictionary<string, string> ReadHeaders(string[] lines)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                string value = line[(colon + 1)..].Trim(' ', '\t');
                headers[line[..colon]] = headers.TryGetValue(line[..colon], out string? before) ? $"{before}, {value}" : value;
            }
        }

        return headers;
    }

    private static TimeSpan? RetryAfter(Dictionary<string, string> headers)
    {
        if (!headers.TryGetValue("Retry-After", out string? value))
        {
            return null;
        }

        // RFC 9110 §10.2.3: seconds, or a date.
        double seconds = 0;
        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long asked))
        {
            seconds = asked;
        }
        else if (DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at))
        {
            seconds = (at - DateTimeOffset.UtcNow).TotalSeconds;
        }
        else
        {
            return null;
        }

        return TimeSpan.FromSeconds(Math.Clamp(seconds, 0, MaxRetryAfterSeconds));
    }
}

/// <summary>What a client and its server agreed on.</summary>
internal readonly record struct ClientAgreement(string? SubProtocol, DeflateAgreement Deflate);
