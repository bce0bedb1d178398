namespace Engine.WebSockets;

/// <summary>
/// Reads Sec-WebSocket-Extensions (RFC 6455 §9.1) and picks the first offer of permessage-deflate that this side can keep (RFC 7692 §5.1). Pure; linear in
/// the length of the header.
/// </summary>
internal ref struct ExtensionOffer
{
    private const string PerMessageDeflate = "permessage-deflate";
    private const int MinWindowBits = 8;
    private const int MaxWindowBits = 15;

    /// <summary>zlib makes no raw stream with a window of 256 bytes.</summary>
    private const int MinDeflateWindowBits = 9;

    private bool _serverNoTakeover;
    private bool _clientNoTakeover;
    private bool _isBad;
    private int _serverBits;
    private int _clientBits;
    private bool _hasClientBits;

    /// <summary>Chooses for a server. False: the header is malformed, which is a bad request.</summary>
    /// <param name="header">All values of the header, joined by commas; may be empty.</param>
    /// <param name="options">What this side allows; null declines every offer.</param>
    /// <param name="mayKeepHistory">False where messages may be dropped from the queue after they were compressed.</param>
    /// <param name="agreement">What was agreed on; nothing when no offer can be kept.</param>
    /// <param name="answer">The answer's header value; null for none.</param>
    public static bool TryNegotiate(
        ReadOnlySpan<char> header, WebSocketCompressionOptions? options, bool mayKeepHistory, out DeflateAgreement agreement, out string? answer)
    {
        agreement = default;
        answer = null;
        var tokens = new ExtensionTokens(header);
        while (tokens.TryReadName(out ReadOnlySpan<char> name))
        {
            var offer = default(ExtensionOffer);
            bool isDeflate = name.Equals(PerMessageDeflate, StringComparison.OrdinalIgnoreCase);
            while (tokens.TryReadParameter(out ReadOnlySpan<char> key, out ReadOnlySpan<char> value, out bool hasValue))
            {
                offer.Add(key, value, hasValue);
            }

            if (isDeflate && options is not null && answer is null && !offer._isBad)
            {
                offer.Accept(options, mayKeepHistory, out agreement, out answer);
            }
        }

        return !tokens.IsMalformed;
    }

    /// <summary>Reads a server's answer for a client that offered <paramref name="options"/>. False: the server answers what was not offered (RFC 6455 §4.1).</summary>
    public static bool TryReadAnswer(ReadOnlySpan<char> header, WebSocketCompressionOptions? options, out DeflateAgreement agreement)
    {
        agreement = default;
        var tokens = new ExtensionTokens(header);
        if (!tokens.TryReadName(out ReadOnlySpan<char> name))
        {
            return !tokens.IsMalformed;
        }

        if (options is null || !name.Equals(PerMessageDeflate, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var answer = default(ExtensionOffer);
        while (tokens.TryReadParameter(out ReadOnlySpan<char> key, out ReadOnlySpan<char> value, out bool hasValue))
        {
            answer.Add(key, value, hasValue);
        }

        // A second extension was not asked for; a window without its value is for offers only; a window of 8 bits cannot be kept when sending.
        bool isKept = !answer._isBad
            && !tokens.TryReadName(out _)
            && !tokens.IsMalformed
            && (!answer._hasClientBits || answer._clientBits >= MinDeflateWindowBits)
            && (answer._serverBits == 0 || answer._serverBits <= options.ServerMaxWindowBits)
            && (options.ServerMaxWindowBits == MaxWindowBits || answer._serverBits != 0)
            && (options.ServerContextTakeover || answer._serverNoTakeover);
        if (isKept)
        {
            int sendBits = answer._hasClientBits ? Math.Min(answer._clientBits, options.ClientMaxWindowBits) : options.ClientMaxWindowBits;
            agreement = new DeflateAgreement(
                (byte)sendBits,
                (byte)(answer._serverBits == 0 ? MaxWindowBits : answer._serverBits),
                SendTakeover: options.ClientContextTakeover && !answer._clientNoTakeover,
                ReceiveTakeover: !answer._serverNoTakeover);
        }

        return isKept;
    }

    /// <summary>What a client offers.</summary>
    public static string Offer(WebSocketCompressionOptions options)
    {
        string offer = PerMessageDeflate;
        offer += options.ServerContextTakeover ? "" : "; server_no_context_takeover";
        offer += options.ClientContextTakeover ? "" : "; client_no_context_takeover";
        offer += options.ServerMaxWindowBits == MaxWindowBits ? "" : $"; server_max_window_bits={options.ServerMaxWindowBits}";
        return offer + (options.ClientMaxWindowBits == MaxWindowBits ? "; client_max_window_bits" : $"; client_max_window_bits={options.ClientMaxWindowBits}");
    }

    /// <summary>RFC 7692 §7: a parameter that is unknown, repeated or has a bad value makes its offer one that must be declined.</summary>
    private void Add(ReadOnlySpan<char> key, ReadOnlySpan<char> value, bool hasValue)
    {
        switch (key)
        {
            case "server_no_context_takeover":
                _isBad |= hasValue || _serverNoTakeover;
                _serverNoTakeover = true;
                break;
            case "client_no_context_takeover":
                _isBad |= hasValue || _clientNoTakeover;
                _clientNoTakeover = true;
                break;
            case "server_max_window_bits":
                _isBad |= _serverBits != 0 || !TryReadBits(value, out _serverBits);
                break;
            case "client_max_window_bits":
                _isBad |= _hasClientBits || (hasValue && !TryReadBits(value, out _clientBits));
                _hasClientBits = true;
                break;
            default:
                _isBad = true;
                break;
        }
    }

    private readonly void Accept(WebSocketCompressionOptions options, bool mayKeepHistory, out DeflateAgreement agreement, out string? answer)
    {
        agreement = default;
        answer = null;
        if (_serverBits is > 0 and < MinDeflateWindowBits)
        {
            return;
        }

        int serverBits = _serverBits == 0 ? options.ServerMaxWindowBits : Math.Min(_serverBits, options.ServerMaxWindowBits);
        bool serverTakeover = mayKeepHistory && options.ServerContextTakeover && !_serverNoTakeover;
        bool clientTakeover = options.ClientContextTakeover && !_clientNoTakeover;

        // §7.1.2.2: the client's window may be limited only where the client said that it can be.
        int clientBits = !_hasClientBits ? MaxWindowBits : Math.Min(_clientBits == 0 ? MaxWindowBits : _clientBits, options.ClientMaxWindowBits);
        agreement = new DeflateAgreement((byte)serverBits, (byte)clientBits, serverTakeover, clientTakeover);
        answer = PerMessageDeflate
            + (serverTakeover ? "" : "; server_no_context_takeover")
            + (clientTakeover ? "" : "; client_no_context_takeover")
            + (serverBits < MaxWindowBits || _serverBits != 0 ? $"; server_max_window_bits={serverBits}" : "")
            + (clientBits < MaxWindowBits ? $"; client_max_window_bits={clientBits}" : "");
    }

    /// <summary>§7.1.2: a decimal number from 8 to 15 without leading zeros.</summary>
    private static bool TryReadBits(ReadOnlySpan<char> value, out int bits)
    {
        bits = value.Length switch
        {
            1 => value[0] - '0',
            2 when value[0] == '1' => 10 + (value[1] - '0'),
            _ => 0,
        };
        return bits is >= MinWindowBits and <= MaxWindowBits && char.IsAsciiDigit(value[^1]);
    }
}
