namespace Engine.PubSub;

/// <summary>What a topic remembers of earlier publications to recognize repeated and outdated ones. Made on first use. Under the topic's lock.</summary>
internal sealed class PublishMemory(TopicHubOptions options)
{
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly Dictionary<string, long> _versions = new(StringComparer.Ordinal);

    public bool IsEmpty => _known.Count == 0 && _versions.Count == 0;

    /// <summary>Whether a publication with this key is known; then its position.</summary>
    public bool TryFind(string idempotencyKey, out TopicPosition position)
    {
        bool isKnown = _known.TryGetValue(idempotencyKey, out Known known) && !IsOld(known);
        position = known.Position;
        return isKnown;
    }

    public void Remember(string idempotencyKey, TopicPosition position)
    {
        ForgetOld();
        while (_known.Count >= options.MaxIdempotencyKeys)
        {
            _known.Remove(_order.Dequeue());
        }

        // A key that was known and has grown too old went with the others: it is not in the queue twice.
        _known.Add(idempotencyKey, new Known(position, options.Clock.GetTimestamp()));
        _order.Enqueue(idempotencyKey);
    }

    /// <summary>Whether this version is newer than the last one of its key; then it is the last one.</summary>
    public bool TryAdvance(string key, long version)
    {
        if (_versions.TryGetValue(key, out long last) && version <= last)
        {
            return false;
        }

        if (_versions.Count >= options.MaxIdempotencyKeys && !_versions.ContainsKey(key))
        {
            // As many keys as that have versions only on a latest topic that is far larger than its bound.
            _versions.Clear();
        }

        _versions[key] = version;
        return true;
    }

    public void ForgetOld()
    {
        while (_order.TryPeek(out string? oldest) && IsOld(_known[oldest]))
        {
            _known.Remove(_order.Dequeue());
        }
    }

    private bool IsOld(in Known known) => options.Clock.GetElapsedTime(known.At) > options.IdempotencyWindow;

    private readonly record struct Known(TopicPosition Position, long At);
}
