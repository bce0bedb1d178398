using Engine;

namespace RawEcho;

/// <summary>Sends back what it receives. It has no state, so all connections share one.</summary>
internal sealed class EchoProtocol : ConnectionProtocol
{
    public static readonly EchoProtocol Instance = new();

    protected override int OnReceived(Connection connection, Span<byte> bytes)
    {
        connection.TrySend(bytes);
        return bytes.Length;
    }
}
