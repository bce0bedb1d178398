using System.Buffers;
using System.Runtime.InteropServices;

namespace Conformance;

/// <summary>RFC 7692 §7.2.1: compresses whole messages with a window of its own size, kept from message to message or not.</summary>
internal sealed unsafe class MessageDeflater : IDisposable
{
    // Dynamic Huffman blocks like those of a usual client, at a third of the time of level 6: the server is measured, not the fuzzer.
    private const int Level = 2;
    private const int Deflated = 8;
    private const int MemoryLevel = 8;

    private readonly int _windowBits;
    private readonly bool _keepsContext;
    private RawZlib.Stream* _stream;

    public MessageDeflater(int windowBits, bool keepsContext)
    {
        _windowBits = windowBits;
        _keepsContext = keepsContext;
    }

    public byte[] Compress(ReadOnlySpan<byte> message)
    {
        Open();
        byte[] output = ArrayPool<byte>.Shared.Rent(message.Length + (message.Length >> 8) + 64);
        int count = 0;
        try
        {
            fixed (byte* input = message)
            {
                _stream->NextIn = input;
                _stream->AvailableIn = (uint)message.Length;
                do
                {
                    if (count == output.Length)
                    {
                        byte[] larger = ArrayPool<byte>.Shared.Rent(output.Length * 2);
                        output.AsSpan(0, count).CopyTo(larger);
                        ArrayPool<byte>.Shared.Return(output);
                        output = larger;
                    }

                    fixed (byte* target = output)
                    {
                        _stream->NextOut = target + count;
                        _stream->AvailableOut = (uint)(output.Length - count);
                        int status = RawZlib.Deflate(_stream, RawZlib.SyncFlush);
                        if (status is not (RawZlib.Ok or RawZlib.BufferError))
                        {
                            throw new InvalidOperationException($"deflate answered {status}");
                        }

                        count = output.Length - (int)_stream->AvailableOut;
                    }
                }
                while (_stream->AvailableOut == 0);
            }

            // RFC 7692 §7.2.1: the empty stored block that ends a sync flush stays at home; §7.2.3.6: an empty message is one zero byte.
            ReadOnlySpan<byte> compressed = output.AsSpan(0, count);
            compressed = compressed.EndsWith(MessageInflater.Tail) ? compressed[..^4] : compressed;
            return compressed.IsEmpty ? [0] : compressed.ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(output);
            if (!_keepsContext)
            {
                Dispose();
            }
        }
    }

    public void Dispose()
    {
        if (_stream is not null)
        {
            _ = RawZlib.DeflateEnd(_stream);
            NativeMemory.Free(_stream);
            _stream = null;
        }
    }

    private void Open()
    {
        if (_stream is null)
        {
            _stream = (RawZlib.Stream*)NativeMemory.AllocZeroed((nuint)sizeof(RawZlib.Stream));
            int status = RawZlib.DeflateInit(_stream, Level, Deflated, -_windowBits, MemoryLevel, 0);
            if (status != RawZlib.Ok)
            {
                throw new InvalidOperationException($"deflateInit2 answered {status} for {_windowBits} window bits");
            }
        }
    }
}
