using System.Buffers;

namespace Engine.WebSockets;

/// <summary>The server's side of the opening handshake (RFC 6455 §4.2). Pure: it reads values and answers with a verdict.</summary>
internal static class ServerHandshake
{
    public const string ProtocolVersion = "13";

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Checks a request and chooses what is agreed on.</summary>
    /// <param name="request">The request.</param>
    /// <param name="options">What the endpoint allows.</param>
    /// <param name="mayKeepHistory">False where messages may be dropped from the queue after they were compressed.</param>
    public static HandshakeVerdict Check(in HandshakeRequest request, WebSocketEndpointOptions options, bool mayKeepHistory)
    {
        if (!request.IsGet)
        {
            return Refuse(405, "A WebSocket handshake is a GET.");
        }

        if (!request.IsHttp11 || !HasToken(request.Upgrade, "websocket") || !HasToken(request.Connection, "upgrade"))
        {
            return Refuse(426, "This is a WebSocket endpoint.", tellsVersion: true);
        }

        if (string.IsNullOrEmpty(request.Host))
        {
            return Refuse(400, "The handshake has no Host.");
        }

        // RFC 6455 §4.2.2: the version comes before the rest, whose meaning depends on it.
        if (request.Version != ProtocolVersion)
        {
            return request.Version is null
                ? Refuse(400, "The handshake has no Sec-WebSocket-Version.", tellsVersion: true)
                : Refuse(426, "Only version 13 is spoken here.", tellsVersion: true);
        }

        if (request.Key is null || !AcceptKey.IsValid(request.Key))
        {
            return Refuse(400, "Sec-WebSocket-Key is not 16 bytes of Base64.");
        }

        if (!IsOriginAllowed(request.Origin, request.Host, options))
        {
            return Refuse(403, "This origin may not connect.");
        }

        if (!TryReadProtocols(request.Protocols, out List<string> protocols))
        {
            return Refuse(400, "Sec-WebSocket-Protocol is malformed.");
        }

        if (!ExtensionOffer.TryNegotiate(request.Extensions, options.Compression, mayKeepHistory, out DeflateAgreement deflate, out string? answer))
        {
            return Refuse(400, "Sec-WebSocket-Extensions is malformed.");
        }

        return new HandshakeVerdict
        {
            StatusCode = 101,
            AcceptValue = AcceptKey.Compute(request.Key),
            RequestedProtocols = protocols,
            SubProtocol = Choose(options.SubProtocols, protocols),
            Deflate = deflate,
            ExtensionAnswer = answer,
        };
    }

    /// <summary>Whether a comma-separated list has a token, in any case (RFC 9110 §5.6.1).</summary>
    public static bool HasToken(ReadOnlySpan<char> list, ReadOnlySpan<char> token)
    {
        foreach (Range part in list.Split(','))
        {
            if (list[part].Trim(" \t").Equals(token, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>RFC 6455 §4.1: a list of distinct tokens; anything else is a bad request.</summary>
    private static bool TryReadProtocols(ReadOnlySpan<char> list, out List<string> protocols)
    {
        protocols = [];
        foreach (Range part in list.Split(','))
        {
            ReadOnlySpan<char> token = list[part].Trim(" \t");
            if (token.ContainsAnyExcept(TokenCharacters))
            {
                return false;
            }

            if (!token.IsEmpty)
            {
                protocols.Add(token.ToString());
            }
        }

        return true;
    }

    private static string? Choose(IList<string> spoken, List<string> requested)
    {
        if (requested.Count == 0 || spoken.Count == 0)
        {
            return null;
        }

        // A set, because a hostile list may be as long as a request head.
        HashSet<string> offered = [.. requested];
        return spoken.FirstOrDefault(offered.Contains);
    }

    private static bool IsOriginAllowed(string? origin, string host, WebSocketEndpointOptions options)
    {
        if (origin is null)
        {
            return true;
        }

        if (options.RequireSameOrigin && !IsSameHost(origin, host))
        {
            return false;
        }

        return options.AllowedOrigins.Count == 0 || options.AllowedOrigins.Any(allowed => allowed.Equals(origin, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Compares <c>scheme://host[:port]</c> with <c>host[:port]</c>, where the scheme's own port may be left out on either side.</summary>
    private static bool IsSameHost(ReadOnlySpan<char> origin, ReadOnlySpan<char> host)
    {
        int colon = origin.IndexOf("://", StringComparison.Ordinal);
        if (colon < 0)
        {
            return false;
        }

        ReadOnlySpan<char> port = origin[..colon].Equals("https", StringComparison.OrdinalIgnoreCase) ? ":443" : ":80";
        return WithoutPort(origin[(colon + 3)..], port).Equals(WithoutPort(host, port), StringComparison.OrdinalIgnoreCase);
    }

    private static ReadOnlySpan<char> WithoutPort(ReadOnlySpan<char> authority, ReadOnlySpan<char> port)
        => authority.EndsWith(port) ? authority[..^port.Length] : authority;

    private static HandshakeVerdict Refuse(int statusCode, string reason, bool tellsVersion = false)
        => new() { StatusCode = statusCode, Reason = reason, TellsVersion = tellsVersion, AcceptValue = "", RequestedProtocols = [] };
}
