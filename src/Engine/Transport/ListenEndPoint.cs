using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>Opens a listening socket as the options ask. The one place that knows about socket options of listeners, for every transport.</summary>
internal static class ListenEndPoint
{
    /// <summary>Several times what one round trip of a fast link carries beyond its window, and a small part of what the kernel would take by itself.</summary>
    private const int MaxUnsentBytes = 262_144;

    /// <exception cref="SocketException">The end point is taken, or may not be bound; an inherited descriptor is no listening stream socket.</exception>
    public static Socket Listen(EndPoint endPoint, ServerOptions options)
    {
        if (endPoint is InheritedEndPoint inherited)
        {
            return Adopt(inherited, options);
        }

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

            BoundUnsent(socket);
            options.ConfigureListener?.Invoke(socket);
            Bind(socket, endPoint);
            socket.Listen(options.Backlog);
            return socket;
        }
        catch (SocketException exception)
        {
            // Of several end points it has to be said which.
            socket.Dispose();
            throw new SocketException((int)exception.SocketErrorCode, $"Cannot listen on {endPoint}: {exception.Message}");
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

    private static Socket Adopt(InheritedEndPoint inherited, ServerOptions options)
    {
        using (var unowned = new Socket(new SafeSocketHandle(inherited.Descriptor, ownsHandle: false)))
        {
            if (unowned.SocketType != SocketType.Stream || unowned.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 1)
            {
                // Not ours to close.
                throw new SocketException((int)SocketError.InvalidArgument, $"{inherited} is no listening stream socket.");
            }
        }

        var socket = new Socket(new SafeSocketHandle(inherited.Descriptor, ownsHandle: true));
        BoundUnsent(socket);
        return socket;
    }

    private static void Bind(Socket socket, EndPoint endPoint)
    {
        try
        {
            socket.Bind(endPoint);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse
            && endPoint is UnixDomainSocketEndPoint && IsAbandoned(endPoint))
        {
            File.Delete(endPoint.ToString()!);
            socket.Bind(endPoint);
        }
    }

    /// <summary>Whether a file is a socket that nobody listens on: what a process that was killed leaves behind.</summary>
    private static bool IsAbandoned(EndPoint endPoint)
    {
        string path = endPoint.ToString()!;
        if (path.Length == 0 || path[0] is '\0' or '@')
        {
            return false;
        }

        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            probe.Blocking = false;
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Other files refuse too, but only they can be opened.
        }
        catch (SocketException)
        {
            return false;
        }

        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>
    /// Linux: accepted connections inherit how many bytes the kernel holds that it has not sent yet (TCP_NOTSENT_LOWAT). Without it the kernel grows its buffer to
    /// megabytes for a slow peer, and the connection's own queue, with all its marks and policies, looks empty meanwhile.
    /// </summary>
    public static void BoundUnsent(Socket socket)
    {
        const int TcpLevel = 6;
        const int NotSentLowWaterOption = 25;
        if (OperatingSystem.IsLinux() && socket.AddressFamily != AddressFamily.Unix)
        {
            socket.SetRawSocketOption(TcpLevel, NotSentLowWaterOption, BitConverter.GetBytes(MaxUnsentBytes));
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
