using System.Security.Cryptography;
using System.Text;

namespace Conformance;

/// <summary>RFC 6455 §4, both sides, over a bare stream: read up to the empty line, check what must be there, keep what came after it.</summary>
internal sealed class OpeningHandshake
{
    private const string Magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const int MaxHeadBytes = 16 * 1024;

    /// <summary>The first line of what the peer sent.</summary>
    public string StartLine { get; private init; } = "";

    /// <summary>Its headers; a name given twice is joined with a comma.</summary>
    public Dictionary<string, string> Headers { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Bytes that came after the head.</summary>
    public byte[] Early { get; private init; } = [];

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>Asks for a WebSocket at <paramref name="path"/> and checks the 101.</summary>
    /// <exception cref="ProtocolFaultException">The answer is not the one that RFC 6455 §4.2.2 asks for.</exception>
    public static async Task<OpeningHandshake> AskAsync(Stream stream, string host, string path, string? extensions, CancellationToken cancellationToken)
    {
        string key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        string request = $"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n"
            + $"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            + (extensions is null ? "" : $"Sec-WebSocket-Extensions: {extensions}\r\n")
            + "\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        OpeningHandshake answer = await ReadAsync(stream, cancellationToken);
        if (!answer.StartLine.StartsWith("HTTP/1.1 101", StringComparison.Ordinal))
        {
            throw new ProtocolFaultException($"the handshake was answered: {answer.StartLine}");
        }

        if (!HasToken(answer.Header("Upgrade"), "websocket") || !HasToken(answer.Header("Connection"), "upgrade"))
        {
            throw new ProtocolFaultException("the 101 lacks Upgrade: websocket or Connection: Upgrade");
        }

        if (answer.Header("Sec-WebSocket-Accept") != AcceptKey(key))
        {
            throw new ProtocolFaultException("the 101 has a wrong Sec-WebSocket-Accept");
        }

        if (answer.Header("Sec-WebSocket-Protocol") is not null)
        {
            throw new ProtocolFaultException("the 101 names a subprotocol that was not asked for");
        }

        return answer;
    }

    /// <summary>Reads a client's request.</summary>
    /// <exception cref="ProtocolFaultException">It is not an opening handshake after RFC 6455 §4.1.</exception>
    public static async Task<OpeningHandshake> ReadRequestAsync(Stream stream, CancellationToken cancellationToken)
    {
        OpeningHandshake request = await ReadAsync(stream, cancellationToken);
        bool isValid = request.StartLine.StartsWith("GET ", StringComparison.Ordinal)
            && request.StartLine.EndsWith(" HTTP/1.1", StringComparison.Ordinal)
            && request.Header("Host") is not null
            && HasToken(request.Header("Upgrade"), "websocket")
            && HasToken(request.Header("Connection"), "upgrade")
            && request.Header("Sec-WebSocket-Version") == "13"
            && request.Header("Sec-WebSocket-Key") is string key
            && Convert.TryFromBase64String(key, new byte[32], out int keyBytes) && keyBytes == 16;
        return isValid ? request : throw new ProtocolFaultException($"not an opening handshake: {request.StartLine}");
    }

    /// <summary>Accepts a client's request.</summary>
    public async Task AcceptAsync(Stream stream, string? extensions, CancellationToken cancellationToken)
    {
        string answer = "HTTP/1.1 101 Switching Protocols\r\nServer: FuzzingServer\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Accept: {AcceptKey(Header("Sec-WebSocket-Key")!)}\r\n"
            + (extensions is null ? "" : $"Sec-WebSocket-Extensions: {extensions}\r\n")
            + "\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), cancellationToken);
    }

    private static async Task<OpeningHandshake> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[MaxHeadBytes];
        int count = 0;
        while (true)
        {
            int received = await stream.ReadAsync(bytes.AsMemory(count), cancellationToken);
            if (received == 0)
            {
                throw new ProtocolFaultException(count == 0 ? "the peer closed without a word" : "the peer closed inside its head");
            }

            count += received;
            int end = bytes.AsSpan(0, count).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                string[] lines = Encoding.Latin1.GetString(bytes, 0, end).Split("\r\n");
                OpeningHandshake head = new() { StartLine = lines[0], Early = bytes[(end + 4)..count] };
                foreach (string line in lines.Skip(1))
                {
                    int colon = line.IndexOf(':', StringComparison.Ordinal);
                    if (colon <= 0)
                    {
                        throw new ProtocolFaultException($"not a header line: {line}");
                    }

                    string value = line[(colon + 1)..].Trim();
                    head.Headers[line[..colon]] = head.Headers.TryGetValue(line[..colon], out string? before) ? $"{before}, {value}" : value;
                }

                return head;
            }

            if (count == bytes.Length)
            {
                throw new ProtocolFaultException("the peer's head is too long");
            }
        }
    }

    private static bool HasToken(string? list, string token) =>
        (list ?? "").Split(',', StringSplitOptions.TrimEntries).Contains(token, StringComparer.OrdinalIgnoreCase);

    private static string AcceptKey(string key)
    {
        // RFC 6455 §4.2.2 item 5.4 prescribes SHA-1; nothing secret hangs on it.
#pragma warning disable CA5350
        return Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Magic)));
#pragma warning restore CA5350
    }
}
