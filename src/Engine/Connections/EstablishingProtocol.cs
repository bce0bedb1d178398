namespace Engine;

/// <summary>
/// Stands where a connection's first protocol will, while its transport still reads a PROXY header or shakes hands. No handler of the host's sees a connection
/// that fails there.
/// </summary>
internal sealed class EstablishingProtocol(Func<Connection, ConnectionProtocol> createProtocol) : ConnectionProtocol
{
    public Func<Connection, ConnectionProtocol> CreateProtocol => createProtocol;

    protected internal override int OnReceived(Connection connection, Span<byte> bytes) => bytes.Length;

    /// <summary>Nothing has been said that is worth draining, and a peer that is silent should not hold up the stop.</summary>
    protected internal override void OnStopping(Connection connection) => connection.Abort(CloseReason.ServerStopping);
}
