using System.Buffers;
using Microsoft.Extensions.ObjectPool;

namespace Engine.Sse;

/// <summary>Where one event is formatted before it is sent: pooled, so that a steady stream allocates nothing.</summary>
internal sealed class EventBuffer : IBufferWriter<byte>
{
    private const int KeptBytes = 32_768;

    private byte[] _bytes = new byte[512];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public static ObjectPool<EventBuffer> CreatePool() => new DefaultObjectPool<EventBuffer>(new Policy());

    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > KeptBytes)
        {
            _bytes = new byte[512];
        }
    }

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _bytes.AsSpan(Length);
    }

    private void Grow(int sizeHint)
    {
        int needed = Length + Math.Max(sizeHint, 16);
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(needed, _bytes.Length * 2));
        }
    }

    private sealed class Policy : PooledObjectPolicy<EventBuffer>
    {
        public override EventBuffer Create() => new();

        public override bool Return(EventBuffer obj)
        {
            obj.Clear();
            return true;
        }
    }
}
