using System.Text;

namespace Engine.Http1;

/// <summary>
/// A request's offer to change the protocol of its connection (RFC 9110 §7.8). Accepting names the successor; when the handler has completed, HTTP writes the
/// 101 with the response's fields and hands over the connection and the bytes that were already received. Any other response refuses.
/// </summary>
public sealed class UpgradeOffer
{
    private readonly HttpRequest _request;

    internal UpgradeOffer(HttpRequest request) => _request = request;

    /// <summary>The Upgrade field's value: protocols in order of preference.</summary>
    public string Protocols => Encoding.Latin1.GetString(Value);

    internal string? AcceptedProtocol { get; private set; }

    internal ConnectionProtocol? Successor { get; private set; }

    private ReadOnlySpan<byte> Value => _request.Head.Fields[_request.Head.UpgradeIndex].Value(_request.HeadBytes);

    /// <summary>Whether <paramref name="protocol"/> is among those offered, compared without case.</summary>
    public bool HasToken(string protocol)
    {
        ReadOnlySpan<byte> value = Value;
        foreach (Range range in value.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(value[range].Trim(" \t"u8), protocol))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Accepts. May be called until the handler completes, from whatever thread it runs on.</summary>
    /// <exception cref="InvalidOperationException">The protocol was not offered.</exception>
    public void Accept(string protocol, ConnectionProtocol successor)
    {
        ArgumentNullException.ThrowIfNull(successor);
        if (!HasToken(protocol))
        {
            throw new InvalidOperationException($"The request does not offer {protocol}.");
        }

        AcceptedProtocol = protocol;
        Successor = successor;
    }

    internal void Clear()
    {
        AcceptedProtocol = null;
        Successor = null;
    }
}
