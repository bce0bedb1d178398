using System.Text;

namespace Engine.Http1;

/// <summary>
/// A request's offer to change the protocol of its connection (RFC 9110 §7.8). Accepting names the successor; when the handler has completed, HTTP writes the
/// 101 with the response's fields and hands over the connection and the bytes that were already received. Any other response refuses.
/// </summary>
public sealed class UpgradeOffer
{
    private readonly HttpRequest _request;
    private readonly HttpResponse _response;

    internal UpgradeOffer(HttpRequest request, HttpResponse response)
    {
        _request = request;
        _response = response;
    }

    /// <summary>What the Upgrade fields name, as one list (RFC 9110 §5.3): protocols in order of preference.</summary>
    public string Protocols => string.Join(", ", _request.Headers.GetAll("Upgrade"));

    internal string? AcceptedProtocol { get; private set; }

    internal ConnectionProtocol? Successor { get; private set; }

    /// <summary>Whether <paramref name="protocol"/> is among those offered, compared without case.</summary>
    public bool HasToken(string protocol)
    {
        RequestHeaders headers = _request.Headers;
        for (int i = _request.Head.UpgradeIndex; i < headers.Count; i++)
        {
            if (!Ascii.EqualsIgnoreCase(headers.NameAt(i), "Upgrade"u8))
            {
                continue;
            }

            ReadOnlySpan<byte> value = headers.ValueAt(i);
            foreach (Range range in value.Split((byte)','))
            {
                if (Ascii.EqualsIgnoreCase(value[range].Trim(" \t"u8), protocol))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Accepts. May be called until the handler completes, from whatever thread it runs on.</summary>
    /// <exception cref="InvalidOperationException">The protocol was not offered, or the response has started.</exception>
    public void Accept(string protocol, ConnectionProtocol successor)
    {
        ArgumentNullException.ThrowIfNull(successor);
        if (_response.HasStarted)
        {
            throw new InvalidOperationException("The response has started: an upgrade cannot be accepted any more.");
        }

        if (!HasToken(protocol))
        {
            throw new InvalidOperationException($"The request does not offer {protocol}.");
        }

        AcceptedProtocol = protocol;
        Successor = successor;
        _response.IsSwitching = true;
    }

    internal void Clear()
    {
        AcceptedProtocol = null;
        Successor = null;
    }
}
