using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine;

/// <summary>SOCKS5 (RFC 1928) with a user name and password where the proxy asks for them (RFC 1929).</summary>
internal sealed class SocksTunnel(ConnectProxy proxy, string host, int port) : ProxyTunnel
{
    private const byte Version = 5;
    private const byte Anonymous = 0;
    private const byte ByPassword = 2;
    private const byte AddressV4 = 1;
    private const byte AddressName = 3;
    private const byte AddressV6 = 4;

    private Step _step;

    private enum Step : byte
    {
        Method = 0,
        Password = 1,
        Connect = 2,
    }

    public override byte[] First => proxy.UserName is null ? [Version, 1, Anonymous] : [Version, 2, Anonymous, ByPassword];

    public override int Read(ReadOnlySpan<byte> bytes, out byte[]? reply, out bool isOpen)
    {
        reply = null;
        isOpen = false;
        if (bytes.Length < 2)
        {
            return 0;
        }

        switch (_step)
        {
            case Step.Method:
                Check(bytes[0] == Version, "The proxy does not speak SOCKS5.");
                Check(bytes[1] is Anonymous or ByPassword, "The proxy accepts no way of authentication that was offered.");
                Check(bytes[1] == Anonymous || proxy.UserName is not null, "The proxy asks for a user name.");
                _step = bytes[1] == Anonymous ? Step.Connect : Step.Password;
                reply = bytes[1] == Anonymous ? Request() : Credentials();
                return 2;
            case Step.Password:
                Check(bytes[1] == 0, "The proxy refuses the user name or the password.");
                _step = Step.Connect;
                reply = Request();
                return 2;
            default:
                return ReadAnswer(bytes, ref isOpen);
        }
    }

    private static int ReadAnswer(ReadOnlySpan<byte> bytes, ref bool isOpen)
    {
        Check(bytes[0] == Version, "The proxy does not speak SOCKS5.");
        Check(bytes[1] == 0, $"The proxy refused the tunnel with code {bytes[1]} (RFC 1928, section 6).");
        if (bytes.Length < 5)
        {
            return 0;
        }

        int length = 6 + bytes[3] switch { AddressV4 => 4, AddressV6 => 16, _ => 1 + bytes[4] };
        isOpen = bytes.Length >= length;
        return isOpen ? length : 0;
    }

    private static void Check(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new IOException(otherwise);
        }
    }

    private byte[] Credentials()
    {
        byte[] user = Encoding.UTF8.GetBytes(proxy.UserName!);
        byte[] password = Encoding.UTF8.GetBytes(proxy.Password ?? "");
        return [1, (byte)user.Length, .. user, (byte)password.Length, .. password];
    }

    private byte[] Request()
    {
        byte[] portBytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(portBytes, (ushort)port);
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            byte kind = address.AddressFamily == AddressFamily.InterNetwork ? AddressV4 : AddressV6;
            return [Version, 1, 0, kind, .. address.GetAddressBytes(), .. portBytes];
        }

        byte[] name = Encoding.ASCII.GetBytes(host);
        Check(name.Length is > 0 and < 256, "SOCKS takes host names of at most 255 bytes.");
        return [Version, 1, 0, AddressName, (byte)name.Length, .. name, .. portBytes];
    }
}
