namespace Engine;

/// <summary>
/// What a connection speaks at the moment. A protocol is a state of its connection, not a layer around it: a successor takes its place by
/// <see cref="Connection.SwitchProtocol"/>. Every member is called on the connection's loop, one at a time, and never from within a call that the
/// protocol makes: sending, pausing or closing never calls back before it returns.
/// </summary>
/// <remarks>An exception that leaves a member closes the connection with <see cref="CloseReason.HandlerFailed"/>; the loop goes on.</remarks>
public abstract class ConnectionProtocol
{
    /// <summary>The protocol became the connection's: at accept, or as a successor before it is offered the bytes that were left.</summary>
    protected internal virtual void OnStarted(Connection connection)
    {
    }

    /// <summary>
    /// Bytes are there. Answers how many were consumed; the rest is kept and offered again together with what arrives next, or at once after
    /// <see cref="Connection.ResumeReceive"/>, or to the successor.
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="bytes">The loop's own buffer: it may be changed in place, and is valid during the call only.</param>
    protected internal abstract int OnReceived(Connection connection, Span<byte> bytes);

    /// <summary>
    /// The peer sent FIN: nothing follows what was received, but it may still read. Closes the connection unless overridden.
    /// Also raised while receiving is paused, as soon as the transport can tell, but never before bytes that came earlier have been offered. A successor that
    /// takes over after it is told again.
    /// </summary>
    protected internal virtual void OnPeerClosed(Connection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection.Close(CloseReason.PeerClosed);
    }

    /// <summary>
    /// After a send answered <see cref="SendStatus.Queued"/> or <see cref="SendStatus.Dropped"/>: the queue fell below its low-water mark.
    /// Raised exactly once for any number of such answers; <see cref="OnClosed"/> comes instead when the connection ends.
    /// </summary>
    protected internal virtual void OnDrained(Connection connection)
    {
    }

    /// <summary>The deadline set by <see cref="Connection.SetDeadline"/> passed.</summary>
    protected internal virtual void OnDeadline(Connection connection)
    {
    }

    /// <summary>
    /// The server is stopping and waits for this connection to end, for as long as its drain timeout. Closes it unless overridden. A successor that takes over
    /// after it is told again.
    /// </summary>
    protected internal virtual void OnStopping(Connection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        connection.Close(CloseReason.ServerStopping);
    }

    /// <summary>The connection has ended and everything it held is returned. Raised exactly once, last.</summary>
    protected internal virtual void OnClosed(Connection connection, CloseReason reason)
    {
    }
}
