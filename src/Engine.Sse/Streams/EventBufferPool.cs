using Microsoft.Extensions.ObjectPool;

namespace Engine.Sse;

/// <summary>The buffers of one end point or hub. Any thread.</summary>
internal sealed class EventBufferPool
{
    /// <summary>About a kilobyte each. As many are out as large events wait for clients to read them.</summary>
    private const int MaxKeptCount = 256;

    private readonly DefaultObjectPool<EventBuffer> _pool;

    public EventBufferPool() => _pool = new DefaultObjectPool<EventBuffer>(new Policy(this), MaxKeptCount);

    /// <summary>Formats an event. The caller returns the buffer, or shares it.</summary>
    /// <exception cref="ArgumentException">The id cannot come back in a header field, or the event type would end its line.</exception>
    public EventBuffer Format(in SseEvent item)
    {
        // One that the formatter refuses costs the pool its buffer, which is cheaper than a second look at every event.
        EventBuffer buffer = _pool.Get();
        SseFormatter.Write(buffer, item);
        return buffer;
    }

    /// <summary>An empty buffer, which the caller returns.</summary>
    public EventBuffer Rent() => _pool.Get();

    public void Return(EventBuffer buffer) => _pool.Return(buffer);

    private sealed class Policy(EventBufferPool pool) : PooledObjectPolicy<EventBuffer>
    {
        public override EventBuffer Create() => new(pool);

        public override bool Return(EventBuffer obj)
        {
            obj.Clear();
            return true;
        }
    }
}
