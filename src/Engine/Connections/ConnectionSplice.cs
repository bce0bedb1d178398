namespace Engine;

/// <summary>
/// Joins two connections: what one receives the other sends, both ways, until both directions have ended. A proxy is that and a connect.
/// </summary>
/// <remarks>
/// Pressure goes both ways: while the queue of one connection is above its high-water mark the other is not read, so a splice holds at most two queues and two
/// reads, however slow a side is. FIN is passed on behind the bytes before it, and the other direction goes on; a reset, a timeout or a failure resets the
/// other side. Write timeouts and other limits stay those of each connection; idle connections stay open for as long as their peers want.
/// </remarks>
public static class ConnectionSplice
{
    /// <summary>
    /// Joins two connections, which must live on the same loop (<see cref="ConnectOptions.Loop"/>). Bytes that either has kept are passed on first, and receiving
    /// that was paused goes on. Loop only.
    /// </summary>
    /// <exception cref="ArgumentException">The two live on different loops, or are the same.</exception>
    /// <exception cref="InvalidOperationException">The calling thread is not their loop.</exception>
    public static void Join(Connection first, Connection second)
    {
        ArgumentNullException.ThrowIfNull(first);
        CheckPair(first, second);
        first.SwitchProtocol(new SpliceProtocol(second));
        second.SwitchProtocol(new SpliceProtocol(first));
    }

    /// <summary>
    /// Returns what joins a connection that is being made (<see cref="EngineClient.ConnectAsync(System.Net.EndPoint, Func{Connection, ConnectionProtocol}, ConnectOptions?, CancellationToken)"/>)
    /// to one that is there: the first protocol of the new one. When the other has ended meanwhile, so does the new one.
    /// </summary>
    /// <param name="connection">The connection that is there, on the same loop.</param>
    public static Func<Connection, ConnectionProtocol> To(Connection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return made =>
        {
            CheckPair(made, connection);
            if (connection.IsClosed)
            {
                made.Abort(connection.CloseReason);
                return NullProtocol.Instance;
            }

            connection.SwitchProtocol(new SpliceProtocol(made));
            return new SpliceProtocol(connection);
        };
    }

    private static void CheckPair(Connection first, Connection second)
    {
        ArgumentNullException.ThrowIfNull(second);
        if (ReferenceEquals(first, second) || !first.SharesLoopWith(second))
        {
            throw new ArgumentException("The two connections of a splice differ and live on one loop.", nameof(second));
        }
    }
}
