using System.Buffers;

namespace Engine;

/// <summary>Bytes that wait for the end of a message that is being streamed: control messages, and what was written to the output. Loop only.</summary>
internal struct HeldBack
{
    private byte[]? _bytes;

    /// <summary>Bytes held.</summary>
    public int LengthBytes { get; private set; }

    public readonly ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, LengthBytes);

    public Memory<byte> GetMemory(int sizeHint)
    {
        int needed = LengthBytes + Math.Max(sizeHint, 1);
        if (_bytes is null || _bytes.Length < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 256));
            Bytes.CopyTo(larger);
            int length = LengthBytes;
            Return();
            _bytes = larger;
            LengthBytes = length;
        }

        return _bytes.AsMemory(LengthBytes);
    }

    public void Advance(int count)
    {
        if (_bytes is null || (uint)count > (uint)(_bytes.Length - LengthBytes))
        {
            ThrowHelper.AdvancedTooFar();
        }

        LengthBytes += count;
    }

    public void Return()
    {
        if (_bytes is { } bytes)
        {
            _bytes = null;
            LengthBytes = 0;
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }
}
