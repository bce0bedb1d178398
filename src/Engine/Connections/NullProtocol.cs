namespace Engine;

/// <summary>Stands where a connection has no protocol: before the first, and after the last. It swallows what it is given.</summary>
internal sealed class NullProtocol : ConnectionProtocol
{
    public static readonly NullProtocol Instance = new();

    private NullProtocol()
    {
    }

    protected internal override int OnReceived(Connection connection, Span<byte> bytes) => bytes.Length;
}
