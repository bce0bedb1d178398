using System.Buffers;
using Microsoft.Extensions.ObjectPool;

namespace Engine;

/// <summary>One thing that another thread handed to a connection's loop: a message, a control message or a waiter. A link of a lock-free stack.</summary>
internal sealed class ForeignSend
{
    /// <summary>Small messages, and the framing of shared ones, stand in the object's own memory: a publication to thousands would empty the array pool.</summary>
    private const int OwnBytes = 256;

    private readonly byte[] _own = new byte[OwnBytes];
    private byte[]? _rented;
    private int _length;
    private int _suffixLength;

    public ForeignSend? Next { get; set; }

    public ForeignSendKind Kind { get; private set; }

    public SharedSegment? Shared { get; private set; }

    public SendWaiter? Waiter { get; private set; }

    public int LengthBytes => _length + _suffixLength + (Shared?.Memory.Length ?? 0);

    /// <summary>The copied bytes that stand before <see cref="Shared"/>.</summary>
    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, _length);

    /// <summary>The copied bytes that stand behind <see cref="Shared"/>.</summary>
    public ReadOnlySpan<byte> Suffix => Buffer.AsSpan(_length, _suffixLength);

    public void Set(ForeignSendKind kind, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> payload, SharedSegment? shared, ReadOnlySpan<byte> suffix)
    {
        Kind = kind;
        _length = prefix.Length + payload.Length;
        _suffixLength = suffix.Length;
        if (_length + _suffixLength > OwnBytes)
        {
            _rented = ArrayPool<byte>.Shared.Rent(_length + _suffixLength);
        }

        prefix.CopyTo(Buffer);
        payload.CopyTo(Buffer.AsSpan(prefix.Length));
        suffix.CopyTo(Buffer.AsSpan(_length));
        shared?.Hold();
        Shared = shared;
    }

    public void Set(SendWaiter waiter)
    {
        Kind = ForeignSendKind.Waiter;
        Waiter = waiter;
    }

    private byte[] Buffer => _rented ?? _own;

    public sealed class Policy : PooledObjectPolicy<ForeignSend>
    {
        public override ForeignSend Create() => new();

        public override bool Return(ForeignSend obj)
        {
            if (obj._rented is { } rented)
            {
                obj._rented = null;
                ArrayPool<byte>.Shared.Return(rented);
            }

            obj._length = 0;
            obj._suffixLength = 0;
            obj.Shared?.LetGo();
            obj.Shared = null;
            obj.Waiter = null;
            obj.Next = null;
            return true;
        }
    }
}

/// <summary>What a <see cref="ForeignSend"/> carries.</summary>
internal enum ForeignSendKind : byte
{
    /// <summary>A message whose bytes are already counted against the limit.</summary>
    Message = 0,

    /// <summary>A message that found no room; the loop makes some by dropping the oldest.</summary>
    MessageMakingRoom = 1,

    /// <summary>A control message, already counted.</summary>
    Control = 2,

    /// <summary>A caller of SendAsync that waits for room.</summary>
    Waiter = 3,
}
