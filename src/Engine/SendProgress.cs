namespace Engine;

/// <summary>How far a peer is with what it was sent, by <see cref="Connection.GetSendProgress"/>: for telling one that is slow from one that is gone.</summary>
/// <param name="IsOutstanding">Whether bytes wait here, or in the kernel for the peer's acknowledgement.</param>
/// <param name="Mark">
/// A number that has changed when the peer took more bytes since it was last looked at: the bytes that it acknowledged where the kernel tells (Linux), else the
/// time at which the kernel last took some.
/// </param>
/// <param name="UnacknowledgedBytes">
/// Bytes that were accepted and that the peer has not acknowledged: those that wait here and those that the kernel holds, under TLS as they are on the wire.
/// A whole buffer of megabytes may stand between an empty queue and a slow peer, and is seen here only. -1 where the kernel does not tell (it does on Linux).
/// </param>
public readonly record struct SendProgress(bool IsOutstanding, long Mark, long UnacknowledgedBytes);
