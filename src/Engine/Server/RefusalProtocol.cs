namespace Engine;

/// <summary>Tells a connection that the server is full, and closes it. No handler of the host's ever sees it.</summary>
internal sealed class RefusalProtocol(ReadOnlyMemory<byte> message) : ConnectionProtocol
{
    protected internal override void OnStarted(Connection connection)
    {
        connection.TrySend(message.Span);
        connection.Close(CloseReason.AdmissionRefused);
    }

    protected internal override int OnReceived(Connection connection, Span<byte> bytes) => bytes.Length;
}
