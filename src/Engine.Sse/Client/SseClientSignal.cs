namespace Engine.Sse;

/// <summary>What can happen to a client. Rows of the table in <see cref="SseClientLifecycle"/>.</summary>
internal enum SseClientSignal
{
    /// <summary>Somebody begins to read.</summary>
    Started,

    /// <summary>A response became a stream.</summary>
    Opened,

    /// <summary>The server answered 204.</summary>
    NoContent,

    /// <summary>The server answered what another attempt would not change.</summary>
    Refused,

    /// <summary>An event was larger than the limit.</summary>
    TooLarge,

    /// <summary>The stream ended or broke, or the attempt failed in a way that another may not.</summary>
    Lost,

    /// <summary>As <see cref="Lost"/>, by the last of the attempts that may bring nothing.</summary>
    Exhausted,

    /// <summary>The wait is over.</summary>
    Waited,

    /// <summary>The reader left, or its token was cancelled.</summary>
    Left,
}
