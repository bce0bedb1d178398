namespace Engine.Sse;

/// <summary>
/// The states of a client, as a pure table: <c>Idle → Connecting → Open → Waiting → Connecting ...</c>, ended by 204, by a failure or by the reader.
/// <code>
///             Started     Opened NoContent Refused TooLarge Lost    Exhausted Waited     Left
/// Idle        Connecting  -      -         -       -        -       -         -          -
/// Connecting  -           Open   Ended     Failed  -        Waiting Failed    -          Idle
/// Open        -           -      -         -       Failed   Waiting Failed    -          Idle
/// Waiting     -           -      -         -       -        -       -         Connecting Idle
/// Ended       Connecting  -      -         -       -        -       -         -          Ended
/// Failed      Connecting  -      -         -       -        -       -         -          Failed
/// </code>
/// </summary>
internal static class SseClientLifecycle
{
    /// <summary>Returns the state that follows; null for what cannot happen in a state.</summary>
    public static SseClientState? Next(SseClientState state, SseClientSignal signal) => (state, signal) switch
    {
        (SseClientState.Idle or SseClientState.Ended or SseClientState.Failed, SseClientSignal.Started) => SseClientState.Connecting,
        (SseClientState.Connecting, SseClientSignal.Opened) => SseClientState.Open,
        (SseClientState.Connecting, SseClientSignal.NoContent) => SseClientState.Ended,
        (SseClientState.Connecting, SseClientSignal.Refused) => SseClientState.Failed,
        (SseClientState.Open, SseClientSignal.TooLarge) => SseClientState.Failed,
        (SseClientState.Connecting or SseClientState.Open, SseClientSignal.Lost) => SseClientState.Waiting,
        (SseClientState.Connecting or SseClientState.Open, SseClientSignal.Exhausted) => SseClientState.Failed,
        (SseClientState.Waiting, SseClientSignal.Waited) => SseClientState.Connecting,
        (SseClientState.Connecting or SseClientState.Open or SseClientState.Waiting, SseClientSignal.Left) => SseClientState.Idle,

        // Leaving after the end changes nothing.
        (SseClientState.Ended or SseClientState.Failed, SseClientSignal.Left) => state,
        _ => null,
    };
}
