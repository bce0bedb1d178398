namespace Engine.Sse;

/// <summary>One client of a hub, with one stream or several (tabs of a browser). Any thread.</summary>
/// <typeparam name="TSession">What the application knows of the client.</typeparam>
public sealed class SseSession<TSession>
{
    private int _streamCount;

    internal SseSession(string id, TSession data)
    {
        Id = id;
        Data = data;
    }

    /// <summary>What the hub addresses the session by. Never sent to clients.</summary>
    public string Id { get; }

    /// <summary>What the application knows of the client, from the ticket of the session's first stream.</summary>
    public TSession Data { get; }

    /// <summary>Streams open now; 0 when the session has ended.</summary>
    public int StreamCount => Volatile.Read(ref _streamCount);

    /// <summary>Under the hub's lock.</summary>
    internal List<SseMember<TSession>> Members { get; } = [];

    /// <summary>Under the hub's lock.</summary>
    internal HashSet<string> Channels { get; } = [];

    /// <summary>The topic of what is sent to the session by its id, which says nothing of that id; null until something is. Under the hub's lock.</summary>
    internal string? OwnTopic { get; set; }

    /// <summary>The position before the first of it. Under the hub's lock.</summary>
    internal TopicPosition OwnFrom { get; set; }

    /// <summary>Whether the application was told of it. Under the hub's lock.</summary>
    internal bool IsAnnounced { get; set; }

    internal void Add(SseMember<TSession> member)
    {
        Members.Add(member);
        Volatile.Write(ref _streamCount, Members.Count);
    }

    /// <summary>False when it had been removed.</summary>
    internal bool Remove(SseMember<TSession> member)
    {
        bool wasThere = Members.Remove(member);
        Volatile.Write(ref _streamCount, Members.Count);
        return wasThere;
    }
}
