using System.Buffers;
using System.Runtime.InteropServices;

namespace Conformance;

/// <summary>
/// RFC 7692 §7.2.2: gives messages back. Its window is exactly as large as was agreed, and forgotten when that was agreed:
/// a peer that reaches back further than it promised is found out.
/// </summary>
internal sealed unsafe class MessageInflater : IDisposable
{
    /// <summary>What a sender leaves away at the end of each message.</summary>
    public static ReadOnlySpan<byte> Tail => [0x00, 0x00, 0xFF, 0xFF];

    private readonly int _windowBits;
    private readonly bool _keepsContext;
    private RawZlib.Stream* _stream;

    public MessageInflater(int windowBits, bool keepsContext)
    {
        _windowBits = windowBits;
        _keepsContext = keepsContext;
    }

    /// <summary>The whole message, or null with the <paramref name="fault"/>.</summary>
    public byte[]? Decompress(ReadOnlySpan<byte> compressed, out string? fault)
    {
        Open();
        ArrayBufferWriter<byte> output = new(Math.Max(256, compressed.Length * 3));
        fault = Feed(compressed, output) ?? Feed(Tail, output);
        if (!_keepsContext)
        {
            Dispose();
        }

        return fault is null ? output.WrittenSpan.ToArray() : null;
    }

    public void Dispose()
    {
        if (_stream is not null)
        {
            _ = RawZlib.InflateEnd(_stream);
            NativeMemory.Free(_stream);
            _stream = null;
        }
    }

    private string? Feed(ReadOnlySpan<byte> bytes, ArrayBufferWriter<byte> output)
    {
        fixed (byte* input = bytes)
        {
            _stream->NextIn = input;
            _stream->AvailableIn = (uint)bytes.Length;
            while (true)
            {
                Span<byte> target = output.GetSpan(4096);
                fixed (byte* to = target)
                {
                    _stream->NextOut = to;
                    _stream->AvailableOut = (uint)target.Length;
                    int status = RawZlib.Inflate(_stream, RawZlib.SyncFlush);
                    output.Advance(target.Length - (int)_stream->AvailableOut);
                    if (status == RawZlib.StreamEnd)
                    {
                        // RFC 7692 §7.2.3.4 allows a final block inside a message; what follows it is a new stream.
                        byte* rest = _stream->NextIn;
                        uint restBytes = _stream->AvailableIn;
                        Dispose();
                        Open();
                        _stream->NextIn = rest;
                        _stream->AvailableIn = restBytes;
                        continue;
                    }

                    if (status is not (RawZlib.Ok or RawZlib.BufferError))
                    {
                        return $"the message does not inflate ({Marshal.PtrToStringUTF8(_stream->Message) ?? "status"} {status})";
                    }

                    if (_stream->AvailableOut > 0 && _stream->AvailableIn == 0)
                    {
                        return null;
                    }
                }
            }
        }
    }

    private void Open()
    {
        if (_stream is null)
        {
            _stream = (RawZlib.Stream*)NativeMemory.AllocZeroed((nuint)sizeof(RawZlib.Stream));
            int status = RawZlib.InflateInit(_stream, -_windowBits);
            if (status != RawZlib.Ok)
            {
                throw new InvalidOperationException($"inflateInit2 answered {status} for {_windowBits} window bits");
            }
        }
    }
}
