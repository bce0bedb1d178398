using System.Globalization;
using System.Text;

namespace Engine;

/// <summary>CONNECT (RFC 9110 §9.3.6).</summary>
internal sealed class HttpTunnel(ConnectProxy proxy, string host, int port) : ProxyTunnel
{
    private const int MaxHeadBytes = 32_768;

    public override byte[] First
    {
        get
        {
            string authority = string.Create(CultureInfo.InvariantCulture, $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");
            var request = new StringBuilder($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
            if (proxy.UserName is { } user)
            {
                request.Append("Proxy-Authorization: Basic ").Append(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{proxy.Password}"))).Append("\r\n");
            }

            return Encoding.ASCII.GetBytes(request.Append("\r\n").ToString());
        }
    }

    public override int Read(ReadOnlySpan<byte> bytes, out byte[]? reply, out bool isOpen)
    {
        reply = null;
        isOpen = false;
        int end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return bytes.Length < MaxHeadBytes ? 0 : throw new IOException("The proxy's answer is too long.");
        }

        string line = Encoding.Latin1.GetString(bytes[..bytes.IndexOf("\r\n"u8)]);
        string[] status = line.Split(' ', 3);
        if (status.Length < 2 || !status[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
            || !int.TryParse(status[1], NumberStyles.None, CultureInfo.InvariantCulture, out int code))
        {
            throw new IOException("The proxy does not answer as an HTTP proxy.");
        }

        // RFC 9110 §15.2: an interim answer comes before the final one.
        isOpen = code is >= 200 and < 300;
        return code < 300 ? end + 4 : throw new IOException($"The proxy refused the tunnel: {line}");
    }
}
