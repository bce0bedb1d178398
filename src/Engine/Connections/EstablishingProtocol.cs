namespace Engine;

/// <summary>
/// Stands where a connection's first protocol will, while its transport still connects, reads a PROXY header or shakes hands. No handler of the host's sees a
/// connection that fails there; who asked for it, if anybody did, is told.
/// </summary>
/// <param name="createProtocol">Makes the first protocol.</param>
/// <param name="onFailed">Called on the loop when the connection ends before it has one; null for connections that nobody asked for.</param>
internal sealed class EstablishingProtocol(Func<Connection, ConnectionProtocol> createProtocol, Action<CloseReason>? onFailed) : ConnectionProtocol
{
    public Func<Connection, ConnectionProtocol> CreateProtocol => createProtocol;

    protected internal override int OnReceived(Connection connection, Span<byte> bytes) => bytes.Length;

    /// <summary>Nothing has been said that is worth draining, and a peer that is silent should not hold up the stop.</summary>
    protected internal override void OnStopping(Connection connection) => connection.Abort(CloseReason.ServerStopping);

    protected internal override void OnClosed(Connection connection, CloseReason reason) => onFailed?.Invoke(reason);
}
