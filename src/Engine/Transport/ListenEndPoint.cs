using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>Opens a listening socket as the options ask. The one place that knows about socket options of listeners, for every transport.</summary>
internal static class ListenEndPoint
{
    /// <exception cref="SocketException">The end point is taken, or may not be bound.</exception>
    public static Socket Listen(EndPoint endPoint, ServerOptions options)
    {
        bool isUnix = endPoint is UnixDomainSocketEndPoint;
        ProtocolType protocol = isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, protocol);
        try
        {
            if (!isUnix)
            {
                if (!OperatingSystem.IsWindows())
                {
                    // A restart must not wait for the last connections' TIME_WAIT. On Windows the option would let others steal the port.
                    SetRaw(socket, linuxOption: 2, bsdOption: 0x0004);
                }

                if (options.ReusePort)
                {
                    SetReusePort(socket);
                }

                if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                {
                    socket.DualMode = options.DualMode;
                }

                if (options.ReceiveBufferBytes > 0)
                {
                    // Before listen: the window scale of accepted connections is agreed in their handshake.
                    socket.ReceiveBufferSize = options.ReceiveBufferBytes;
                }
            }

            socket.Bind(endPoint);
            socket.Listen(options.Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Options of an accepted connection.</summary>
    public static void Configure(Socket socket, ServerOptions options)
    {
        if (socket.AddressFamily != AddressFamily.Unix)
        {
            socket.NoDelay = options.NoDelay;
            if (options.KeepAlive)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            }
        }

        if (options.SendBufferBytes > 0)
        {
            socket.SendBufferSize = options.SendBufferBytes;
        }
    }

    private static void SetReusePort(Socket socket)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException("This operating system cannot share a port between processes.");
        }

        SetRaw(socket, linuxOption: 15, bsdOption: 0x0200);
    }

    /// <summary>Raw, because the runtime's own option for reusing an address also shares the port, and a second server would go unnoticed.</summary>
    private static void SetRaw(Socket socket, int linuxOption, int bsdOption)
    {
        const int LinuxSocketLevel = 1;
        const int BsdSocketLevel = 0xffff;
        bool isLinux = OperatingSystem.IsLinux();
        socket.SetRawSocketOption(isLinux ? LinuxSocketLevel : BsdSocketLevel, isLinux ? linuxOption : bsdOption, [1, 0, 0, 0]);
    }
}
