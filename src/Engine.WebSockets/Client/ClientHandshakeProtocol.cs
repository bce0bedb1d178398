namespace Engine.WebSockets;

/// <summary>
/// The opening handshake of a client over one connection: asks when it is told to, reads the answer, and hands the connection to the WebSocket. Of several
/// connections that were made to one host only the one that is taken is asked. Loop only, but for the task.
/// </summary>
internal sealed class ClientHandshakeProtocol : ConnectionProtocol
{
    private readonly TaskCompletionSource<WebSocketConnection> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _request;
    private readonly Func<ReadOnlySpan<byte>, ClientAgreement?> _readAnswer;
    private readonly Func<Connection, ClientAgreement, WebSocketConnection> _createSocket;
    private WebSocketConnection? _socket;

    /// <param name="connection">The connection that it is for.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="readAnswer">Reads an answer's head; null for an interim one.</param>
    /// <param name="createSocket">Makes the WebSocket, once the server has agreed.</param>
    public ClientHandshakeProtocol(
        Connection connection,
        byte[] request,
        Func<ReadOnlySpan<byte>, ClientAgreement?> readAnswer,
        Func<Connection, ClientAgreement, WebSocketConnection> createSocket)
    {
        Connection = connection;
        _request = request;
        _readAnswer = readAnswer;
        _createSocket = createSocket;
    }

    public Connection Connection { get; }

    /// <summary>The WebSocket, once it is open. Any thread.</summary>
    /// <exception cref="WebSocketHandshakeException">The server refused.</exception>
    public Task<WebSocketConnection> Task => _done.Task;

    /// <summary>Asks. Any thread.</summary>
    public void Begin() => Connection.Post(static handshake => ((ClientHandshakeProtocol)handshake!).Ask(), this);

    /// <summary>Gives up. Any thread.</summary>
    public void Cancel(CancellationToken cancellationToken)
    {
        if (_done.TrySetCanceled(cancellationToken))
        {
            Connection.Abort();
        }
    }

    protected override int OnReceived(Connection connection, Span<byte> bytes)
    {
        int consumed = 0;
        try
        {
            while (true)
            {
                Span<byte> rest = bytes[consumed..];
                int end = rest.IndexOf("\r\n\r\n"u8);
                if (end < 0)
                {
                    return rest.Length < ClientHandshake.MaxAnswerBytes ? consumed : throw new WebSocketHandshakeException("The server's answer is too long.");
                }

                consumed += end + 4;
                if (_readAnswer(rest[..(end + 4)]) is { } agreement)
                {
                    Switch(connection, agreement);
                    return consumed;
                }
            }
        }
        catch (WebSocketHandshakeException exception)
        {
            _done.TrySetException(exception);
            connection.Abort();
            return bytes.Length;
        }
    }

    protected override void OnClosed(Connection connection, CloseReason reason)
    {
        _done.TrySetException(reason == CloseReason.PeerClosed
            ? new WebSocketHandshakeException("The server ended the connection before it answered the handshake.")
            : new IOException($"The connection ended during the handshake: {reason}."));

        // The WebSocket may have been handed out, and did not get to begin.
        _socket?.Protocol.EndUnstarted(connection, reason);
    }

    private void Ask()
    {
        if (Connection.TrySend(_request) == SendStatus.Closed)
        {
            _done.TrySetException(new IOException("The connection ended before the handshake."));
        }
    }

    private void Switch(Connection connection, ClientAgreement agreement)
    {
        _socket = _createSocket(connection, agreement);
        connection.SwitchProtocol(_socket.Protocol);

        // Told once the WebSocket has been started, which is the next thing that the loop does.
        connection.Post(static handshake => ((ClientHandshakeProtocol)handshake!).Succeed(), this);
    }

    private void Succeed()
    {
        if (!_done.TrySetResult(_socket!))
        {
            Connection.Abort();
        }
    }
}
