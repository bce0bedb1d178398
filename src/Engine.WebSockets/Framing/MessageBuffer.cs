using System.Buffers;
using System.Diagnostics;

namespace Engine.WebSockets;

/// <summary>
/// Bytes that grow in pooled memory: a message that arrives in pieces, or the output of a codec. It holds nothing until the first byte, and grows
/// by what has arrived, never by what was announced. Not copyable: one owner, who calls <see cref="Return"/>.
/// </summary>
internal struct MessageBuffer
{
    private const int MinBytes = 1024;

    private byte[]? _bytes;

    public int LengthBytes { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _bytes.AsSpan(0, LengthBytes);

    public readonly Memory<byte> Memory => _bytes.AsMemory(0, LengthBytes);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            bytes.CopyTo(GetSpan(bytes.Length));
            LengthBytes += bytes.Length;
        }
    }

    /// <summary>Room for at least so many bytes behind those written.</summary>
    public Span<byte> GetSpan(int sizeHint) => GetMemory(sizeHint).Span;

    /// <summary>The same as memory.</summary>
    public Memory<byte> GetMemory(int sizeHint)
    {
        if (_bytes is null || _bytes.Length - LengthBytes < sizeHint)
        {
            Grow(sizeHint);
        }

        return _bytes.AsMemory(LengthBytes);
    }

    public void Advance(int count)
    {
        Debug.Assert(_bytes is not null && count >= 0 && count <= _bytes.Length - LengthBytes, "Only what GetSpan handed out can be advanced.");
        LengthBytes += count;
    }

    /// <summary>Takes back the last bytes.</summary>
    public void Shorten(int count)
    {
        Debug.Assert(count >= 0 && count <= LengthBytes, "Only written bytes can be taken back.");
        LengthBytes -= count;
    }

    /// <summary>Gives the memory back.</summary>
    public void Return()
    {
        if (_bytes is { } bytes)
        {
            _bytes = null;
            LengthBytes = 0;
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>Hands the memory to a new owner, who returns it to the shared pool.</summary>
    public byte[]? Detach(out int lengthBytes)
    {
        byte[]? bytes = _bytes;
        lengthBytes = LengthBytes;
        _bytes = null;
        LengthBytes = 0;
        return bytes;
    }

    private void Grow(int sizeHint)
    {
        long wanted = Math.Max((long)LengthBytes + sizeHint, Math.Min((_bytes?.Length ?? 0) * 2L, Array.MaxLength));
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(wanted, MinBytes));
        if (_bytes is { } bytes)
        {
            bytes.AsSpan(0, LengthBytes).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(bytes);
        }

        _bytes = larger;
    }
}
