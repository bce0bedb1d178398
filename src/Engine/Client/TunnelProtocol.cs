namespace Engine;

/// <summary>Asks a proxy for a tunnel, then hands the connection to the protocol that speaks with the host. Loop only.</summary>
/// <param name="tunnel">The talk.</param>
/// <param name="timeout">How long it may take.</param>
/// <param name="createProtocol">Makes the successor.</param>
/// <param name="onFailed">Told when the connection ends before.</param>
internal sealed class TunnelProtocol(ProxyTunnel tunnel, TimeSpan timeout, Func<Connection, ConnectionProtocol> createProtocol, Action<Exception> onFailed)
    : ConnectionProtocol
{
    protected internal override void OnStarted(Connection connection)
    {
        connection.SetDeadline(timeout);
        connection.TrySend(tunnel.First);
    }

    protected internal override int OnReceived(Connection connection, Span<byte> bytes)
    {
        int consumed = 0;
        try
        {
            int read;
            while ((read = tunnel.Read(bytes[consumed..], out byte[]? reply, out bool isOpen)) > 0)
            {
                consumed += read;
                if (isOpen)
                {
                    connection.ClearDeadline();
                    connection.SwitchProtocol(createProtocol(connection));
                    return consumed;
                }

                if (reply is not null)
                {
                    connection.TrySend(reply);
                }
            }
        }
        catch (IOException exception)
        {
            onFailed(exception);
            connection.Abort(CloseReason.ProtocolError);
            return bytes.Length;
        }

        return consumed;
    }

    protected internal override void OnDeadline(Connection connection)
    {
        onFailed(new TimeoutException("The proxy did not answer in time."));
        connection.Abort(CloseReason.Timeout);
    }

    protected internal override void OnClosed(Connection connection, CloseReason reason) => onFailed(new IOException("The proxy ended the connection."));
}
