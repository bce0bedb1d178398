using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine.Sse.Tests;

/// <summary>
/// The other end of a stream whose events begin with a number, on a socket of its own. It keeps nothing of what it reads but the numbers' order, so that
/// millions of events can be read at the cost of none.
/// </summary>
internal sealed class NumberedReader : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer;
    private readonly byte[] _line = new byte[32];
    private int _lineLength;
    private long _count;

    public NumberedReader(int bufferBytes = 65_536, int? kernelBufferBytes = null)
    {
        _buffer = GC.AllocateUninitializedArray<byte>(bufferBytes, pinned: true);
        if (kernelBufferBytes is { } bytes)
        {
            _socket.ReceiveBufferSize = bytes;
        }
    }

    /// <summary>Events read.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>The last event's number; -1 before the first.</summary>
    public long Last { get; private set; } = -1;

    /// <summary>Whether a number came that does not follow the one before.</summary>
    public bool SawGap { get; private set; }

    /// <summary>Whether a number came that is not above the one before.</summary>
    public bool SawDisorder { get; private set; }

    public async Task ConnectAsync(EndPoint endPoint, string target, CancellationToken cancellationToken)
    {
        await _socket.ConnectAsync(endPoint, cancellationToken);
        await _socket.SendAsync(Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"), cancellationToken);
    }

    /// <summary>Reads on until so many events have been read, or the server ends it. False at the end.</summary>
    public async Task<bool> ReadAsync(long count, CancellationToken cancellationToken)
    {
        while (Count < count)
        {
            int received;
            try
            {
                received = await _socket.ReceiveAsync(_buffer, cancellationToken);
            }
            catch (SocketException)
            {
                return false;
            }

            if (received == 0)
            {
                return false;
            }

            Take(_buffer.AsSpan(0, received));
        }

        return true;
    }

    /// <summary>Reads on until the event of that number has come.</summary>
    public async Task ReadUntilAsync(long last, CancellationToken cancellationToken)
    {
        while (Last < last && await ReadAsync(Count + 1, cancellationToken))
        {
        }

        Assert.That(Last, Is.EqualTo(last));
    }

    /// <summary>Ends the connection with FIN, or with RST.</summary>
    public void End(bool abortive)
    {
        _socket.LingerState = new LingerOption(abortive, 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf((byte)'\n');
            ReadOnlySpan<byte> part = end < 0 ? bytes : bytes[..end];
            int kept = Math.Min(part.Length, _line.Length - _lineLength);
            part[..kept].CopyTo(_line.AsSpan(_lineLength));
            _lineLength += kept;
            if (end < 0)
            {
                return;
            }

            TakeLine(_line.AsSpan(0, _lineLength));
            _lineLength = 0;
            bytes = bytes[(end + 1)..];
        }
    }

    private void TakeLine(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("data: "u8) && Utf8Parser.TryParse(line["data: "u8.Length..], out long number, out _))
        {
            SawGap |= number != Last + 1;
            SawDisorder |= number <= Last;
            Last = number;
            Interlocked.Increment(ref _count);
        }
    }
}
