using System.Buffers;

namespace Engine.WebSockets;

/// <summary>
/// Pooled memory of received messages. Each message that it holds has a generation; what is asked of an earlier one throws, and giving one back twice does
/// nothing, so that no array is in the shared pool while somebody still reads it by this object, and none is there twice. Any thread.
/// </summary>
/// <remarks>
/// It is a memory manager so that a <see cref="ReadOnlyMemory{T}"/> kept beyond its message's end finds no bytes of a stranger: the array behind it is looked up
/// with each use. It is reused by one reader at most, never by another connection.
/// </remarks>
internal sealed class MessageMemory : MemoryManager<byte>
{
    private const long Owned = 1L << 31;
    private const long SendersMask = Owned - 1;

    private byte[]? _rented;
    private int _length;

    /// <summary>The generation in the upper half; in the lower one whether its owner has it, and how many sends still read it.</summary>
    private long _state;

    /// <summary>Whether a next message can be held here: the last one was given back, by its owner and by every send.</summary>
    public bool IsFree => ((uint)Volatile.Read(ref _state)) == 0;

    /// <summary>Takes over an array of the shared pool. Only while <see cref="IsFree"/>.</summary>
    /// <returns>The generation, by which the message is read and given back.</returns>
    public int Hold(byte[]? rented, int length)
    {
        _rented = rented;
        _length = length;
        long generation = Volatile.Read(ref _state) >> 32;
        Volatile.Write(ref _state, (generation << 32) | Owned);
        return (int)generation;
    }

    /// <summary>The bytes of a message.</summary>
    /// <exception cref="ObjectDisposedException">The message was given back.</exception>
    public ReadOnlyMemory<byte> Read(int generation)
    {
        ObjectDisposedException.ThrowIf(!IsOwned(Volatile.Read(ref _state), generation), typeof(ReceivedMessage));
        return _length == 0 ? default : CreateMemory(_length);
    }

    /// <summary>The owner gives its message back. Without effect when it did before.</summary>
    public void Release(int generation)
    {
        long state = Volatile.Read(ref _state);
        while (IsOwned(state, generation))
        {
            long seen = Interlocked.CompareExchange(ref _state, state & ~Owned, state);
            if (seen == state)
            {
                ReturnIfUnused(state & ~Owned);
                return;
            }

            state = seen;
        }
    }

    /// <summary>A send begins to read: the bytes stay until <see cref="EndSend"/>, whatever the owner does meanwhile.</summary>
    /// <exception cref="ObjectDisposedException">The message was given back.</exception>
    public ReadOnlyMemory<byte> BeginSend(int generation)
    {
        long state = Volatile.Read(ref _state);
        while (true)
        {
            ObjectDisposedException.ThrowIf(!IsOwned(state, generation), typeof(ReceivedMessage));
            long seen = Interlocked.CompareExchange(ref _state, state + 1, state);
            if (seen == state)
            {
                return _length == 0 ? default : CreateMemory(_length);
            }

            state = seen;
        }
    }

    /// <summary>A send has read what it needs.</summary>
    public void EndSend() => ReturnIfUnused(Interlocked.Decrement(ref _state));

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        byte[]? rented = Volatile.Read(ref _rented);
        ObjectDisposedException.ThrowIf(rented is null, typeof(ReceivedMessage));
        return rented.AsSpan(0, _length);
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        byte[]? rented = Volatile.Read(ref _rented);
        ObjectDisposedException.ThrowIf(rented is null, typeof(ReceivedMessage));
        return rented.AsMemory(elementIndex).Pin();
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
        // The handle that Pin gave out frees its own pin.
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // Messages are given back by their generation only.
    }

    private static bool IsOwned(long state, int generation) => (int)(state >> 32) == generation && (state & Owned) != 0;

    private void ReturnIfUnused(long state)
    {
        if ((state & (Owned | SendersMask)) != 0)
        {
            return;
        }

        // Nobody else can move the state from here: it has neither an owner nor a send. The generation goes up before the array goes back.
        byte[]? rented = _rented;
        _rented = null;
        Volatile.Write(ref _state, ((state >> 32) + 1) << 32);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
