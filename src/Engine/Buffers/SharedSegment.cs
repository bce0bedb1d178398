using System.Buffers;
using System.Diagnostics;

namespace Engine;

/// <summary>
/// Bytes that many outbound queues may point at, counted by reference: encode once, send to many.
/// Any thread. Made with one reference that belongs to the maker; each connection that accepts it takes its own.
/// </summary>
/// <remarks>
/// The engine's references are counted apart from the host's. A host that releases once too often gets the exception itself; the memory stays until the last
/// connection has sent it, so no connection ever sends bytes of memory that was given back.
/// </remarks>
public sealed class SharedSegment
{
    private const long EngineReference = 1L << 32;

    private readonly Action<object?>? _release;
    private readonly object? _releaseState;
    private byte[]? _rented;
    private ReadOnlyMemory<byte> _memory;

    /// <summary>The host's references in the lower half, the engine's in the upper: one word, so that it is known which decrement was the last.</summary>
    private long _references = 1;

    private SharedSegment(ReadOnlyMemory<byte> memory, byte[]? rented, Action<object?>? release, object? releaseState)
    {
        _memory = memory;
        _rented = rented;
        _release = release;
        _releaseState = releaseState;
    }

    /// <summary>The bytes. They must not change while anyone holds a reference.</summary>
    /// <exception cref="ObjectDisposedException">The last reference was released.</exception>
    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _references) <= 0, this);
            return _memory;
        }
    }

    /// <summary>Copies <paramref name="bytes"/> into pooled memory, which goes back when the last reference is released.</summary>
    public static SharedSegment Copy(ReadOnlySpan<byte> bytes)
    {
        byte[] rented = ArrayPool<byte>.Shared.Rent(Math.Max(bytes.Length, 1));
        bytes.CopyTo(rented);
        return new SharedSegment(rented.AsMemory(0, bytes.Length), rented, release: null, releaseState: null);
    }

    /// <summary>
    /// Takes over memory of the caller's without a copy. <paramref name="release"/> runs once, with <paramref name="state"/>, on whichever
    /// thread lets go of the last reference; until then the memory must stay as it is.
    /// </summary>
    public static SharedSegment Wrap(ReadOnlyMemory<byte> memory, Action<object?>? release = null, object? state = null)
        => new(memory, rented: null, release, state);

    /// <summary>
    /// Begins anew with other bytes and one reference, which belongs to the caller. For the maker of a wrapped segment, once its release has run: a stream of
    /// messages then needs no more than one segment for each that is on its way.
    /// </summary>
    /// <exception cref="InvalidOperationException">Somebody still holds a reference.</exception>
    public void Renew(ReadOnlyMemory<byte> memory)
    {
        if (Volatile.Read(ref _references) != 0)
        {
            throw new InvalidOperationException("A shared segment begins anew only when nobody holds a reference.");
        }

        _memory = memory;
        Volatile.Write(ref _references, 1);
    }

    /// <summary>Takes one more reference. Only a holder of a reference may call it.</summary>
    /// <exception cref="ObjectDisposedException">The last reference was released.</exception>
    public void AddReference() => Add(1);

    /// <summary>Gives one reference back; the last one returns or releases the memory.</summary>
    /// <exception cref="InvalidOperationException">All references of the host's were released before. Nothing has happened.</exception>
    public void Release()
    {
        long before = Volatile.Read(ref _references);
        while (true)
        {
            if ((before & (EngineReference - 1)) == 0)
            {
                throw new InvalidOperationException("A shared segment was released more often than it was referenced.");
            }

            long seen = Interlocked.CompareExchange(ref _references, before - 1, before);
            if (seen == before)
            {
                break;
            }

            before = seen;
        }

        if (before == 1)
        {
            GiveBack();
        }
    }

    /// <summary>Takes a reference for the engine, which no host can release.</summary>
    /// <exception cref="ObjectDisposedException">The last reference was released.</exception>
    internal void Hold() => Add(EngineReference);

    /// <summary>Gives a reference of the engine's back.</summary>
    internal void LetGo()
    {
        long references = Interlocked.Add(ref _references, -EngineReference);
        Debug.Assert(references >= 0, "The engine lets go of what it holds.");
        if (references == 0)
        {
            GiveBack();
        }
    }

    private void Add(long reference)
    {
        long before = Volatile.Read(ref _references);
        while (true)
        {
            ObjectDisposedException.ThrowIf(before == 0, this);
            long seen = Interlocked.CompareExchange(ref _references, before + reference, before);
            if (seen == before)
            {
                return;
            }

            before = seen;
        }
    }

    private void GiveBack()
    {
        byte[]? rented = _rented;
        _rented = null;
        _memory = default;
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        _release?.Invoke(_releaseState);
    }
}
