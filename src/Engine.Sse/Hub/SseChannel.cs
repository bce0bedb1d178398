namespace Engine.Sse;

/// <summary>A name that sessions listen to, and what it remembers. Under the hub's lock.</summary>
internal sealed class SseChannel<TSession>(string name, ISseHistory? history, long floor)
{
    public string Name { get; } = name;

    public ISseHistory? History { get; } = history;

    /// <summary>Whoever has seen less than this may have missed events of a channel of the same name that was forgotten.</summary>
    public long Floor { get; } = floor;

    /// <summary>The last event that the history was given; 0 when none was.</summary>
    public long LastSequence { get; private set; }

    public HashSet<SseSession<TSession>> Sessions { get; } = [];

    /// <summary>The streams of the sessions by loop, as long as nobody came or went; null until the next publication asks.</summary>
    public SseAudience<TSession>[]? Audience { get; set; }

    public bool CanBeForgotten => Sessions.Count == 0 && History is not { IsEmpty: false };

    public void Remember(long sequence, SharedSegment prepared)
    {
        LastSequence = sequence;
        History!.Append(sequence, prepared);
    }

    /// <summary>False when something behind <paramref name="sequence"/> is no longer remembered.</summary>
    public bool TryReadAfter(long sequence, int maxEvents, List<SseHistoryEntry> entries)
        => History is null || (History.TryReadAfter(sequence, maxEvents, entries) & Floor <= sequence);
}
