using System.Globalization;

namespace Conformance;

/// <summary>How the fuzzing server answers offers: the first that it can accept on its terms, with what it asks of the client's compressor.</summary>
/// <param name="ClientForgetsContext">Requires client_no_context_takeover, of a client that hinted at it.</param>
/// <param name="ClientWindowBits">Requires client_max_window_bits, of a client that hinted at it; 0 does not.</param>
internal sealed record DeflateAcceptance(bool ClientForgetsContext = false, int ClientWindowBits = 0)
{
    /// <summary>The value of the answer's Sec-WebSocket-Extensions and what it means, or null when no offer fits.</summary>
    public (string Header, DeflateParameters Parameters)? Answer(string? offers)
    {
        foreach (string offer in (offers ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            string[] parts = offer.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] != "permessage-deflate")
            {
                continue;
            }

            bool serverForgets = parts.Contains("server_no_context_takeover", StringComparer.Ordinal);
            bool clientCanForget = parts.Contains("client_no_context_takeover", StringComparer.Ordinal);
            string? clientWindow = parts.FirstOrDefault(part => part.StartsWith("client_max_window_bits", StringComparison.Ordinal));
            int serverBits = Value(parts.FirstOrDefault(part => part.StartsWith("server_max_window_bits", StringComparison.Ordinal)));
            if ((ClientForgetsContext && !clientCanForget) || (ClientWindowBits != 0 && clientWindow is null))
            {
                continue;
            }

            int clientBits = ClientWindowBits;
            if (clientBits != 0 && Value(clientWindow) is > 0 and int hinted)
            {
                clientBits = Math.Min(clientBits, hinted);
            }

            string header = "permessage-deflate"
                + (serverForgets ? "; server_no_context_takeover" : "")
                + (serverBits != 0 ? string.Create(CultureInfo.InvariantCulture, $"; server_max_window_bits={serverBits}") : "")
                + (ClientForgetsContext ? "; client_no_context_takeover" : "")
                + (clientBits != 0 ? string.Create(CultureInfo.InvariantCulture, $"; client_max_window_bits={clientBits}") : "");
            return (header, new DeflateParameters(!serverForgets, !ClientForgetsContext, Or15(serverBits), Or15(clientBits)));
        }

        return null;
    }

    private static int Or15(int bits) => bits == 0 ? 15 : bits;

    private static int Value(string? parameter) =>
        parameter?.Split('=', 2, StringSplitOptions.TrimEntries) is [_, string value]
        && int.TryParse(value.Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out int bits) ? bits : 0;
}
