using System.Net.Sockets;

namespace Engine;

/// <summary>Options of a connection's socket, and the host's own hook.</summary>
internal sealed record SocketSettings(bool NoDelay, bool KeepAlive, int SendBufferBytes, int ReceiveBufferBytes, Action<Socket>? Configure)
{
    /// <summary>Applies them. What the hook throws comes out.</summary>
    public void Apply(Socket socket)
    {
        if (socket.AddressFamily != AddressFamily.Unix)
        {
            socket.NoDelay = NoDelay;
            if (KeepAlive)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            }

            ListenEndPoint.BoundUnsent(socket);
        }

        if (SendBufferBytes > 0)
        {
            socket.SendBufferSize = SendBufferBytes;
        }

        if (ReceiveBufferBytes > 0)
        {
            socket.ReceiveBufferSize = ReceiveBufferBytes;
        }

        Configure?.Invoke(socket);
    }
}
