namespace Engine.WebSockets;

/// <summary>
/// What a host does with the connections of one endpoint. One instance serves all of them, from several loops at once; what belongs to one connection
/// is its <see cref="WebSocketConnection{TData}.Data"/>.
/// </summary>
/// <remarks>
/// Every method is called on the connection's loop, one at a time for each connection: none may block. The loop's synchronisation context is current, so
/// an <c>await</c> comes back to it. Sending, closing and publishing are allowed everywhere and never call back before they return.
/// An exception that leaves a method is reported to <see cref="OnError"/> and closes the connection with 1011.
/// </remarks>
/// <typeparam name="TData">What the host keeps for each connection.</typeparam>
public abstract class WebSocketHandler<TData>
{
    /// <summary>
    /// A client asks to connect and keeps every rule of the handshake. Attach data, choose, or refuse; completing without either accepts. It may wait for other
    /// things; what it throws becomes a 500.
    /// </summary>
    public virtual ValueTask OnUpgradeAsync(WebSocketUpgrade<TData> upgrade) => ValueTask.CompletedTask;

    /// <summary>The WebSocket is open: the handshake's answer is on its way, and messages may be sent. Before any message.</summary>
    public virtual void OnOpen(WebSocketConnection<TData> socket)
    {
    }

    /// <summary>
    /// The same for a handler that has to wait for something: no message is delivered, nor anything else read, before the returned task completes; what it throws
    /// is reported as an exception of any other method is. Calls <see cref="OnOpen"/> unless it is overridden. Override this one rather than making
    /// <see cref="OnOpen"/> an <c>async void</c>, which nobody waits for.
    /// </summary>
    public virtual ValueTask OnOpenAsync(WebSocketConnection<TData> socket)
    {
        OnOpen(socket);
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// A whole message arrived, for a handler that looks at it where it was received and costs nothing beyond. Cannot be <c>async</c>, since the message is gone when
    /// it returns: to await something override <see cref="OnMessageAsync"/>, which this calls unless it is overridden. Until the returned task completes, the
    /// connection reads nothing more: order is kept, and a peer that is faster than the handler is slowed by TCP; its pings wait too.
    /// </summary>
    public virtual ValueTask OnMessage(WebSocketConnection<TData> socket, WebSocketMessage message)
        => OnMessageAsync(socket, socket.Protocol.Lend(message));

    /// <summary>
    /// A whole message arrived, in pooled memory: valid until the returned task completes, so that a handler may await what it likes. Order is kept and the peer
    /// slowed as by <see cref="OnMessage"/>. Completing at once allocates nothing.
    /// </summary>
    public virtual ValueTask OnMessageAsync(WebSocketConnection<TData> socket, ReceivedMessage message) => ValueTask.CompletedTask;

    /// <summary>
    /// After sends that answered <see cref="SendStatus.Queued"/> or <see cref="SendStatus.Dropped"/>: there is room again. Raised once for any number of
    /// such answers; <see cref="OnClose"/> comes instead when the connection ends.
    /// </summary>
    public virtual void OnDrain(WebSocketConnection<TData> socket)
    {
    }

    /// <summary>
    /// The connection was so slow that a topic no longer keeps what it has not got: these messages will not come. Called before anything that was published after
    /// them is sent. Tells nobody but this method, so the default closes the connection with 1013 (try again later); override it to tell the peer in its own
    /// words, and to go on.
    /// </summary>
    public virtual void OnTopicGap(WebSocketConnection<TData> socket, in TopicGap gap) => socket.Close(ClosePayload.TryAgainLater, "messages of a topic were lost");

    /// <summary>A ping arrived. Its pong is already on its way.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="payload">At most 125 bytes, valid during the call.</param>
    public virtual void OnPing(WebSocketConnection<TData> socket, ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>A pong arrived, asked for or not.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="payload">At most 125 bytes, valid during the call.</param>
    public virtual void OnPong(WebSocketConnection<TData> socket, ReadOnlySpan<byte> payload)
    {
    }

    /// <summary>
    /// The peer's close frame arrived; messages can still be sent. Returns what it is answered: by default its own code and reason (RFC 6455 §5.5.1). Not raised
    /// when this side has closed before.
    /// </summary>
    /// <param name="socket">The connection.</param>
    /// <param name="asked">The peer's code and reason.</param>
    public virtual WebSocketCloseAnswer OnCloseReceived(WebSocketConnection<TData> socket, WebSocketCloseAnswer asked) => asked;

    /// <summary>
    /// The server stops: what is sent now still reaches the peer, before the close frame with 1001 that follows when this returns. Not raised when a side has closed
    /// before.
    /// </summary>
    public virtual void OnStopping(WebSocketConnection<TData> socket)
    {
    }

    /// <summary>The connection has ended and nothing can be sent any more. Raised exactly once for each connection that was opened, last.</summary>
    public virtual void OnClose(WebSocketConnection<TData> socket, WebSocketClosure closure)
    {
    }

    /// <summary>
    /// A method of this handler failed; the connection closes with 1011. What this method throws is ignored. Never after <see cref="OnClose"/>: what fails there or
    /// later goes to the server's own error callback.
    /// </summary>
    public virtual void OnError(WebSocketConnection<TData> socket, Exception exception)
    {
    }
}
