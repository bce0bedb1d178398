using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Engine.Hosting;

/// <summary>Reads an end point as a configuration writes it.</summary>
internal static class EndPointText
{
    private const string UnixScheme = "unix:";
    private const string SystemdScheme = "systemd";

    /// <summary>What to write instead, for messages.</summary>
    public const string Syntax = "write 127.0.0.1:8080, [::1]:8080, localhost:8080, *:8080, unix:/path or systemd:NAME";

    /// <summary>Reads <paramref name="text"/>. Returns null with a sentence in <paramref name="error"/> when it names no end point.</summary>
    /// <param name="text">One line of <see cref="HttpServerSettings.Listen"/>.</param>
    /// <param name="inherited">The sockets that the process was started with.</param>
    /// <param name="error">Null when the text is an end point.</param>
    public static IReadOnlyList<EndPoint>? Parse(string? text, IReadOnlyList<InheritedEndPoint> inherited, out string? error)
    {
        error = null;
        if (text is null)
        {
            error = Syntax;
            return null;
        }

        if (text.StartsWith(UnixScheme, StringComparison.Ordinal) && text.Length > UnixScheme.Length)
        {
            return [new UnixDomainSocketEndPoint(text[UnixScheme.Length..])];
        }

        if (text == SystemdScheme || text.StartsWith(SystemdScheme + ":", StringComparison.Ordinal))
        {
            string? name = text.Length > SystemdScheme.Length ? text[(SystemdScheme.Length + 1)..] : null;
            EndPoint[] found = [.. inherited.Where(socket => name is null || socket.Name == name)];
            error = found.Length > 0 ? null : "the process was started with no such socket (LISTEN_FDS, LISTEN_FDNAMES)";
            return found.Length > 0 ? found : null;
        }

        int colon = text.LastIndexOf(':');
        if (colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            && Address(text[..colon]) is { } address)
        {
            return [new IPEndPoint(address, port)];
        }

        error = Syntax;
        return null;
    }

    private static IPAddress? Address(string host)
    {
        switch (host)
        {
            case "*":
                return Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
            case "localhost":
                return IPAddress.Loopback;
        }

        bool isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!IPAddress.TryParse(isBracketed ? host[1..^1] : host, out IPAddress? address))
        {
            return null;
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 == isBracketed ? address : null;
    }
}
