using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine.TestKit;

/// <summary>
/// A TCP client that speaks in bytes: it sends what it is told, however malformed, and shows what came back. It shares no code with the engine.
/// Every operation ends within <see cref="Timeout"/> (5 s by default) with a <see cref="TimeoutException"/> that shows what had arrived.
/// One reader and one writer at a time.
/// </summary>
public sealed class RawClient : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly ArrayBufferWriter<byte> _received = new();
    private int _taken;

    private RawClient(Socket socket, TimeSpan timeout)
    {
        _socket = socket;
        Timeout = timeout;
    }

    /// <summary>How long any one operation may take.</summary>
    public TimeSpan Timeout { get; set; }

    /// <summary>True once the peer's FIN was read.</summary>
    public bool SawFin { get; private set; }

    /// <summary>True once a read or write failed because the peer reset the connection.</summary>
    public bool SawReset { get; private set; }

    /// <summary>The local end point, whose port names this connection in the server's eyes.</summary>
    public EndPoint LocalEndPoint => _socket.LocalEndPoint!;

    private ReadOnlyMemory<byte> Unread => _received.WrittenMemory[_taken..];

    /// <summary>
    /// Connects, with Nagle's algorithm off so that each send is a segment of its own. A reset by a server that had accepted already
    /// (<see cref="SawReset"/>) is no failure to connect, however soon it comes.
    /// </summary>
    /// <param name="endPoint">The server.</param>
    /// <param name="timeout">For this and every later operation; null is 5 s.</param>
    /// <param name="receiveBufferBytes">The kernel's receive buffer, to play a slow reader; null leaves the system's.</param>
    public static async Task<RawClient> ConnectAsync(EndPoint endPoint, TimeSpan? timeout = null, int? receiveBufferBytes = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        bool isUnix = endPoint.AddressFamily == AddressFamily.Unix;
        Socket socket = new(endPoint.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            if (!isUnix)
            {
                socket.NoDelay = true;
            }

            if (receiveBufferBytes is int size)
            {
                socket.ReceiveBufferSize = size;
            }

            TimeSpan limit = timeout ?? TimeSpan.FromSeconds(5);
            using CancellationTokenSource source = new(limit);
            RawClient client = new(socket, limit);
            try
            {
                await socket.ConnectAsync(endPoint, source.Token).ConfigureAwait(false);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
            {
                // Before a connection stands a peer refuses; a reset can only follow it. The kernel tells of both as the outcome of connecting.
                client.SawReset = true;
            }

            return client;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends the text, one byte a character (Latin-1).</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Sends the bytes, all of them.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (SawReset)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }

        using CancellationTokenSource source = new(Timeout);
        try
        {
            while (!bytes.IsEmpty)
            {
                int sent = await _socket.SendAsync(bytes, SocketFlags.None, source.Token).ConfigureAwait(false);
                bytes = bytes[sent..];
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The peer took no bytes for {Timeout}; {bytes.Length} are left. {Describe()}");
        }
        catch (SocketException exception) when (IsReset(exception))
        {
            SawReset = true;
            throw;
        }
    }

    /// <summary>Reads exactly that many bytes.</summary>
    /// <exception cref="EndOfStreamException">The peer ended the connection before.</exception>
    public async Task<byte[]> ReadExactlyAsync(int count)
    {
        while (Unread.Length < count)
        {
            if (!await ReceiveAsync().ConfigureAwait(false))
            {
                throw new EndOfStreamException($"Wanted {count} bytes. {Describe()}");
            }
        }

        return Take(count);
    }

    /// <summary>Reads up to and including the marker.</summary>
    /// <exception cref="EndOfStreamException">The peer ended the connection before.</exception>
    public async Task<byte[]> ReadUntilAsync(string marker)
    {
        byte[] wanted = Encoding.Latin1.GetBytes(marker);
        while (true)
        {
            int at = Unread.Span.IndexOf(wanted);
            if (at >= 0)
            {
                return Take(at + wanted.Length);
            }

            if (!await ReceiveAsync().ConfigureAwait(false))
            {
                throw new EndOfStreamException($"Wanted <{marker}>. {Describe()}");
            }
        }
    }

    /// <summary>Reads whatever there is, at least a byte; empty at the end.</summary>
    public async Task<byte[]> ReadSomeAsync()
    {
        if (Unread.IsEmpty)
        {
            await ReceiveAsync().ConfigureAwait(false);
        }

        return Take(Unread.Length);
    }

    /// <summary>Reads until the peer ends the connection, by FIN or by RST (<see cref="SawFin"/>, <see cref="SawReset"/>).</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        while (await ReceiveAsync().ConfigureAwait(false))
        {
        }

        return Take(Unread.Length);
    }

    /// <summary>Reads one response: head, then the body by its framing. Interim (1xx) answers come one by one too.</summary>
    /// <param name="toHead">True when the request was HEAD: whatever the fields say, no body follows.</param>
    public async Task<RawHttpResponse> ReadResponseAsync(bool toHead = false)
    {
        byte[] head = await ReadUntilAsync("\r\n\r\n").ConfigureAwait(false);
        (string statusLine, List<KeyValuePair<string, string>> fields) = RawHttpResponse.ParseHead(head);
        RawHttpResponse response = new(statusLine, fields, [], []);
        int status = response.StatusCode;
        if (toHead || status is (>= 100 and < 200) or 204 or 304)
        {
            return response;
        }

        if (response["Transfer-Encoding"] is string coding && coding.EndsWith("chunked", StringComparison.OrdinalIgnoreCase))
        {
            return await ReadChunkedAsync(response).ConfigureAwait(false);
        }

        byte[] body = response["Content-Length"] is string length
            ? await ReadExactlyAsync(int.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture)).ConfigureAwait(false)
            : await ReadToEndAsync().ConfigureAwait(false);
        return response with { Body = body, RawBody = body };
    }

    /// <summary>Sends a request and reads its response.</summary>
    public async Task<RawHttpResponse> RequestAsync(string request)
    {
        ArgumentNullException.ThrowIfNull(request);
        await SendAsync(request).ConfigureAwait(false);
        return await ReadResponseAsync(request.StartsWith("HEAD ", StringComparison.Ordinal)).ConfigureAwait(false);
    }

    /// <summary>Sends FIN; reading goes on.</summary>
    public void CloseSend() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection with RST.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    /// <summary>Closes the socket.</summary>
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool IsReset(SocketException exception) => exception.SocketErrorCode
        is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown;

    private async Task<RawHttpResponse> ReadChunkedAsync(RawHttpResponse response)
    {
        using MemoryStream body = new();
        using MemoryStream raw = new();
        while (true)
        {
            byte[] line = await ReadUntilAsync("\r\n").ConfigureAwait(false);
            raw.Write(line);
            string size = Encoding.Latin1.GetString(line, 0, line.Length - 2).Split(';')[0];
            int count = int.Parse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (count == 0)
            {
                break;
            }

            byte[] data = await ReadExactlyAsync(count + 2).ConfigureAwait(false);
            raw.Write(data);
            if (data[count] != '\r' || data[count + 1] != '\n')
            {
                throw new InvalidDataException($"Chunk data is not followed by CRLF. {Describe()}");
            }

            body.Write(data, 0, count);
        }

        byte[] trailerLine;
        do
        {
            trailerLine = await ReadUntilAsync("\r\n").ConfigureAwait(false);
            raw.Write(trailerLine);
        }
        while (trailerLine.Length > 2);

        return response with { Body = body.ToArray(), RawBody = raw.ToArray() };
    }

    private async Task<bool> ReceiveAsync()
    {
        if (SawFin || SawReset)
        {
            return false;
        }

        using CancellationTokenSource source = new(Timeout);
        try
        {
            int count = await _socket.ReceiveAsync(_received.GetMemory(4096), SocketFlags.None, source.Token).ConfigureAwait(false);
            _received.Advance(count);
            SawFin = count == 0;
            return count > 0;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"Nothing arrived for {Timeout}. {Describe()}");
        }
        catch (SocketException exception) when (IsReset(exception))
        {
            SawReset = true;
            return false;
        }
    }

    private byte[] Take(int count)
    {
        byte[] bytes = Unread[..count].ToArray();
        _taken += count;
        if (_taken == _received.WrittenCount)
        {
            _received.ResetWrittenCount();
            _taken = 0;
        }

        return bytes;
    }

    private string Describe()
    {
        ReadOnlySpan<byte> unread = Unread.Span;
        string end = SawFin ? ", FIN" : SawReset ? ", RST" : "";
        return $"Unread: <{Encoding.Latin1.GetString(unread[..Math.Min(unread.Length, 2048)])}> ({unread.Length} bytes{end}).";
    }
}
