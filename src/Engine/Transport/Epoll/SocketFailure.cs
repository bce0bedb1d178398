using System.Net.Sockets;

namespace Engine;

/// <summary>Linux's error numbers as the runtime's exceptions, for those that a connect can end with.</summary>
internal static class SocketFailure
{
    public static SocketException Of(int error) => new((int)(error switch
    {
        Libc.ConnectionRefused => SocketError.ConnectionRefused,
        Libc.ConnectionReset => SocketError.ConnectionReset,
        Libc.TimedOut => SocketError.TimedOut,
        Libc.HostUnreachable => SocketError.HostUnreachable,
        Libc.NetworkUnreachable => SocketError.NetworkUnreachable,
        Libc.AddressNotAvailable => SocketError.AddressNotAvailable,
        _ => SocketError.SocketError,
    }));
}
