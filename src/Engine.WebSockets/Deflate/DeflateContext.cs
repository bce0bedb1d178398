using System.Diagnostics;

namespace Engine.WebSockets;

/// <summary>
/// Compresses messages (RFC 7692 §7.2.1). One caller at a time. Holds native memory: some 256 KB with 15 window bits, less with fewer.
/// </summary>
internal sealed unsafe class DeflateContext : IDisposable
{
    /// <summary>zlib may repeat its flush marker when it is left with less room than that marker needs.</summary>
    private const int MinRoomBytes = 64;

    /// <summary>What a sync flush ends with, and what the RFC has the sender cut off.</summary>
    private const int TailBytes = 4;

    private Zlib.Stream _stream;
    private bool _isOpen;

    public DeflateContext(int windowBits, int level)
    {
        Debug.Assert(windowBits is >= 9 and <= 15, "zlib makes no raw stream with a window of 256 bytes.");
        WindowBits = windowBits;
        fixed (Zlib.Stream* stream = &_stream)
        {
            if (Zlib.DeflateInit(stream, level, windowBits) != Zlib.Ok)
            {
                throw new InvalidOperationException("zlib could not make a compressor.");
            }
        }

        _isOpen = true;
    }

    ~DeflateContext() => Close();

    public int WindowBits { get; }

    /// <summary>Appends the compressed form of one message.</summary>
    /// <param name="payload">The message.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="keepHistory">Whether the next message may refer to this one (context takeover); else the context is as good as new afterwards.</param>
    public void Compress(ReadOnlySpan<byte> payload, ref MessageBuffer output, bool keepHistory)
    {
        if (payload.IsEmpty)
        {
            // RFC 7692 §7.2.3.6: an empty message is one empty stored block, of which all but this byte is the tail that is cut off.
            output.Append([0]);
            return;
        }

        int flush = keepHistory ? Zlib.SyncFlush : Zlib.FullFlush;
        fixed (Zlib.Stream* stream = &_stream)
        fixed (byte* input = payload)
        {
            stream->NextIn = input;
            stream->AvailableIn = (uint)payload.Length;
            bool isFull;
            do
            {
                Span<byte> room = output.GetSpan(Math.Max(MinRoomBytes, (int)Math.Min(stream->AvailableIn / 2, 1 << 20)));
                fixed (byte* next = room)
                {
                    stream->NextOut = next;
                    stream->AvailableOut = (uint)room.Length;
                    int result = Zlib.Deflate(stream, flush);
                    Debug.Assert(result is Zlib.Ok or Zlib.BufferError, "A compressor with room has no other answer.");
                    isFull = stream->AvailableOut == 0;
                    output.Advance(room.Length - (int)stream->AvailableOut);
                }
            }
            while (isFull);

            stream->NextIn = null;
            stream->NextOut = null;
        }

        Debug.Assert(output.Written.EndsWith((ReadOnlySpan<byte>)[0, 0, 0xFF, 0xFF]), "A flushed stream ends with an empty stored block.");
        output.Shorten(TailBytes);
    }

    /// <summary>Forgets what was compressed: the peer did not get the last message, so nothing may refer to it.</summary>
    public void ForgetHistory()
    {
        byte* scrap = stackalloc byte[MinRoomBytes];
        fixed (Zlib.Stream* stream = &_stream)
        {
            stream->AvailableIn = 0;
            stream->NextOut = scrap;
            stream->AvailableOut = MinRoomBytes;

            // The empty blocks that this makes are dropped: they carry nothing, and begin and end at a byte's border.
            _ = Zlib.Deflate(stream, Zlib.FullFlush);
            stream->NextOut = null;
        }
    }

    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    private void Close()
    {
        if (_isOpen)
        {
            _isOpen = false;
            fixed (Zlib.Stream* stream = &_stream)
            {
                _ = Zlib.DeflateEnd(stream);
            }
        }
    }
}
