using System.Globalization;

namespace Conformance;

/// <summary>One offer of permessage-deflate. Like the suite's client it always tells that it can forget its own context and shrink its own window.</summary>
/// <param name="ServerForgetsContext">Asks for server_no_context_takeover.</param>
/// <param name="ServerWindowBits">Asks for server_max_window_bits; 0 does not.</param>
internal sealed record DeflateOffer(bool ServerForgetsContext = false, int ServerWindowBits = 0)
{
    public override string ToString() =>
        "permessage-deflate; client_no_context_takeover; client_max_window_bits"
        + (ServerForgetsContext ? "; server_no_context_takeover" : "")
        + (ServerWindowBits != 0 ? string.Create(CultureInfo.InvariantCulture, $"; server_max_window_bits={ServerWindowBits}") : "");

    /// <summary>
    /// Reads the server's answer and holds it to these offers: every parameter known, given once, with a value in its range, and each wish of the accepted offer granted.
    /// </summary>
    /// <returns>What was agreed; null without a fault when the server declined.</returns>
    public static DeflateParameters? ReadAnswer(string? header, IReadOnlyList<DeflateOffer> offers, out string? fault)
    {
        fault = null;
        if (string.IsNullOrWhiteSpace(header))
        {
            return null;
        }

        if (offers.Count == 0)
        {
            fault = $"an extension that was not offered: {header}";
            return null;
        }

        bool serverForgets = false, clientForgets = false;
        int serverBits = 0, clientBits = 0;
        HashSet<string> seen = new(StringComparer.Ordinal);
        string[] parts = header.Split(';', StringSplitOptions.TrimEntries);
        if (parts[0] != "permessage-deflate" || header.Contains(',', StringComparison.Ordinal))
        {
            fault = $"not one permessage-deflate: {header}";
            return null;
        }

        foreach (string part in parts.Skip(1))
        {
            string[] pair = part.Split('=', 2, StringSplitOptions.TrimEntries);
            string value = pair.Length == 2 ? pair[1].Trim('"') : "";
            bool isKnown = pair[0] switch
            {
                "server_no_context_takeover" => pair.Length == 1 && (serverForgets = true),
                "client_no_context_takeover" => pair.Length == 1 && (clientForgets = true),
                "server_max_window_bits" => IsWindow(value, out serverBits),
                "client_max_window_bits" => IsWindow(value, out clientBits),
                _ => false,
            };
            if (!isKnown || !seen.Add(pair[0]))
            {
                fault = $"unknown, repeated or out of range: {part}";
                return null;
            }
        }

        // RFC 7692 §7.1.1.1, §7.1.2.1: an accepted wish stands in the answer; a server may also shrink its window unasked.
        if (!offers.Any(offer => (!offer.ServerForgetsContext || serverForgets) && (offer.ServerWindowBits == 0 || (serverBits != 0 && serverBits <= offer.ServerWindowBits))))
        {
            fault = $"the answer grants none of the offers: {header}";
            return null;
        }

        return new DeflateParameters(!serverForgets, !clientForgets, serverBits == 0 ? 15 : serverBits, clientBits == 0 ? 15 : clientBits);
    }

    private static bool IsWindow(string value, out int bits) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out bits) && bits is >= 8 and <= 15;
}
