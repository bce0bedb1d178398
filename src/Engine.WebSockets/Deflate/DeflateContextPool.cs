using System.Collections.Concurrent;

namespace Engine.WebSockets;

/// <summary>
/// Contexts that belong to no connection: each is rented for one message, by any thread. What was not needed between two calls of
/// <see cref="Trim"/> is given back to the system, half at a time; without connections everything is.
/// </summary>
internal sealed class DeflateContextPool(int level) : IDisposable
{
    private const int WindowBitsMin = 9;
    private const int WindowBitsMax = 15;

    /// <summary>More than this many messages are never compressed at one time, so more contexts are no use.</summary>
    private const int MaxKept = 64;

    private const long TrimMilliseconds = 5_000;

    private readonly Shelf<DeflateContext>[] _deflate = MakeShelves();
    private readonly Shelf<InflateContext> _inflate = new();
    private long _trimmedAt = Environment.TickCount64;
    private bool _isDisposed;

    /// <summary>Contexts kept for the next message.</summary>
    public int KeptCount => _inflate.Count + _deflate.Sum(static shelf => shelf.Count);

    public DeflateContext RentDeflate(int windowBits) => _deflate[windowBits - WindowBitsMin].TryTake() ?? new DeflateContext(windowBits, level);

    /// <summary>Takes a context back. It must have no history: its last message was compressed without keeping any.</summary>
    public void Return(DeflateContext context)
    {
        if (_isDisposed || !_deflate[context.WindowBits - WindowBitsMin].TryPut(context))
        {
            context.Dispose();
        }
    }

    /// <summary>An inflater for any window that a peer may use.</summary>
    public InflateContext RentInflate() => _inflate.TryTake() ?? new InflateContext(WindowBitsMax);

    /// <summary>Takes a context back, in whatever state.</summary>
    public void Return(InflateContext context)
    {
        context.Reset();
        if (_isDisposed || !_inflate.TryPut(context))
        {
            context.Dispose();
        }
    }

    /// <summary>Called now and then by the connections' clocks; does something every five seconds at most. Any thread.</summary>
    public void Trim(long nowMilliseconds)
    {
        long trimmedAt = Volatile.Read(ref _trimmedAt);
        if (nowMilliseconds - trimmedAt < TrimMilliseconds
            || Interlocked.CompareExchange(ref _trimmedAt, nowMilliseconds, trimmedAt) != trimmedAt)
        {
            return;
        }

        _inflate.Trim();
        foreach (Shelf<DeflateContext> shelf in _deflate)
        {
            shelf.Trim();
        }
    }

    /// <summary>Gives back all that is kept. Contexts that come back later are kept again.</summary>
    public void Clear()
    {
        _inflate.Clear();
        foreach (Shelf<DeflateContext> shelf in _deflate)
        {
            shelf.Clear();
        }
    }

    public void Dispose()
    {
        _isDisposed = true;
        Clear();
    }

    private static Shelf<DeflateContext>[] MakeShelves()
    {
        var shelves = new Shelf<DeflateContext>[WindowBitsMax - WindowBitsMin + 1];
        for (int i = 0; i < shelves.Length; i++)
        {
            shelves[i] = new Shelf<DeflateContext>();
        }

        return shelves;
    }

    private sealed class Shelf<TContext>
        where TContext : class, IDisposable
    {
        private readonly ConcurrentQueue<TContext> _kept = new();
        private int _count;
        private int _fewestSinceTrim;

        public int Count => Volatile.Read(ref _count);

        public TContext? TryTake()
        {
            if (!_kept.TryDequeue(out TContext? context))
            {
                _fewestSinceTrim = 0;
                return null;
            }

            int left = Interlocked.Decrement(ref _count);
            _fewestSinceTrim = Math.Min(_fewestSinceTrim, left);
            return context;
        }

        public bool TryPut(TContext context)
        {
            if (Interlocked.Increment(ref _count) > MaxKept)
            {
                Interlocked.Decrement(ref _count);
                return false;
            }

            _kept.Enqueue(context);
            return true;
        }

        public void Trim()
        {
            int unused = _fewestSinceTrim;
            _fewestSinceTrim = int.MaxValue;
            for (int i = (Math.Min(unused, Count) + 1) / 2; i > 0 && _kept.TryDequeue(out TContext? context); i--)
            {
                Interlocked.Decrement(ref _count);
                context.Dispose();
            }
        }

        public void Clear()
        {
            while (_kept.TryDequeue(out TContext? context))
            {
                Interlocked.Decrement(ref _count);
                context.Dispose();
            }
        }
    }
}
