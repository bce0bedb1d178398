namespace Engine.WebSockets;

/// <summary>
/// Inflates messages (RFC 7692 §7.2.2) as their bytes arrive, never past what the message may become. One caller at a time. Holds native memory:
/// some 40 KB.
/// </summary>
internal sealed unsafe class InflateContext : IDisposable
{
    /// <summary>Up to here a message may inflate by any ratio: 16 MiB of zeros are an honest message.</summary>
    public const int RatioFreeBytes = 16 << 20;

    private const int MaxStepBytes = 64 << 10;

    private readonly int _windowBits;
    private Zlib.Stream _stream;
    private long _inputBytes;
    private bool _isOpen;

    public InflateContext(int windowBits)
    {
        _windowBits = windowBits;
        fixed (Zlib.Stream* stream = &_stream)
        {
            if (Zlib.InflateInit(stream, windowBits) != Zlib.Ok)
            {
                throw new InvalidOperationException("zlib could not make an inflater.");
            }
        }

        _isOpen = true;
    }

    ~InflateContext() => Close();

    /// <summary>RFC 7692 §7.2.2: what the sender cut off is put back before the last bytes are inflated.</summary>
    private static ReadOnlySpan<byte> Tail => [0, 0, 0xFF, 0xFF];

    /// <summary>Inflates the next bytes of a message to the end of <paramref name="output"/>.</summary>
    /// <param name="input">The bytes, as they arrived.</param>
    /// <param name="isMessageEnd">Whether they are the message's last.</param>
    /// <param name="output">The message so far.</param>
    /// <param name="maxMessageBytes">The most that <paramref name="output"/> may hold: one byte more is refused.</param>
    /// <param name="maxRatio">The most bytes out for one byte in, above <see cref="RatioFreeBytes"/>; 0 for any.</param>
    public WebSocketError Inflate(ReadOnlySpan<byte> input, bool isMessageEnd, ref MessageBuffer output, long maxMessageBytes, int maxRatio)
    {
        _inputBytes += input.Length;
        WebSocketError error = Run(input, ref output, maxMessageBytes, maxRatio);
        if (error == WebSocketError.None && isMessageEnd)
        {
            error = Run(Tail, ref output, maxMessageBytes, maxRatio);
            _inputBytes = 0;
        }

        return error;
    }

    /// <summary>Forgets everything: the next message stands for itself.</summary>
    public void Reset()
    {
        _inputBytes = 0;
        fixed (Zlib.Stream* stream = &_stream)
        {
            _ = Zlib.InflateReset(stream, _windowBits);
        }
    }

    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    private WebSocketError Run(ReadOnlySpan<byte> input, ref MessageBuffer output, long maxMessageBytes, int maxRatio)
    {
        fixed (Zlib.Stream* stream = &_stream)
        fixed (byte* start = input)
        {
            stream->NextIn = start;
            stream->AvailableIn = (uint)input.Length;
            bool isFull;
            do
            {
                // One byte of room above the limit tells a message that is exactly as long as allowed from one that is longer.
                long left = maxMessageBytes - output.LengthBytes + 1;
                int wanted = (int)Math.Min(left, Math.Clamp((long)stream->AvailableIn * 4, 256, MaxStepBytes));
                Span<byte> room = output.GetSpan(wanted);
                room = room[..(int)Math.Min(room.Length, left)];
                int result;
                int written;
                fixed (byte* next = room)
                {
                    stream->NextOut = next;
                    stream->AvailableOut = (uint)room.Length;
                    result = Zlib.Inflate(stream, Zlib.SyncFlush);
                    isFull = stream->AvailableOut == 0;
                    written = room.Length - (int)stream->AvailableOut;
                }

                output.Advance(written);
                if (output.LengthBytes > maxMessageBytes)
                {
                    return WebSocketError.MessageTooLarge;
                }

                if (maxRatio > 0 && output.LengthBytes > RatioFreeBytes && output.LengthBytes / maxRatio > _inputBytes)
                {
                    return WebSocketError.InflationRatio;
                }

                switch (result)
                {
                    case Zlib.Ok:
                        break;
                    case Zlib.BufferError when stream->AvailableIn == 0:
                        isFull = false;
                        break;
                    case Zlib.StreamEnd:
                        // RFC 7692 §7.2.3.4: a block marked as the last ends the stream but not the message, which goes on with a new one.
                        _ = Zlib.InflateReset(stream, _windowBits);
                        break;
                    default:
                        return WebSocketError.BadDeflate;
                }
            }
            while (isFull || stream->AvailableIn > 0);

            stream->NextIn = null;
            stream->NextOut = null;
        }

        return WebSocketError.None;
    }

    private void Close()
    {
        if (_isOpen)
        {
            _isOpen = false;
            fixed (Zlib.Stream* stream = &_stream)
            {
                _ = Zlib.InflateEnd(stream);
            }
        }
    }
}
