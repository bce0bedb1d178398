namespace Engine;

/// <summary>How far a peer is with what it was sent, by <see cref="Connection.GetSendProgress"/>: for telling one that is slow from one that is gone.</summary>
/// <param name="IsOutstanding">Whether bytes wait here, or in the kernel for the peer's acknowledgement.</param>
/// <param name="Mark">
/// A number that has changed when the peer took more bytes since it was last looked at: the bytes that it acknowledged where the kernel tells (Linux), else the
/// time at which the kernel last took some.
/// </param>
public readonly record struct SendProgress(bool IsOutstanding, long Mark);
