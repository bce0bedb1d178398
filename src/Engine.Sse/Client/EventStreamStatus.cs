namespace Engine.Sse;

/// <summary>What <see cref="EventStreamParser.Read"/> found.</summary>
internal enum EventStreamStatus
{
    /// <summary>All bytes were taken, and no event is complete.</summary>
    NeedMore,

    /// <summary>An event is complete.</summary>
    Event,

    /// <summary>The event is larger than the limit; the parser is of no further use.</summary>
    TooLarge,
}
