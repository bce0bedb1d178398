using System.Net;
using System.Net.Sockets;

namespace Engine;

/// <summary>One attempt to connect: where to, from where, with which socket options, and for how long.</summary>
internal sealed record OutboundRequest(EndPoint EndPoint, EndPoint? LocalEndPoint, TimeSpan Timeout, SocketSettings Settings)
{
    public long TimeoutMilliseconds => Math.Max((long)Timeout.TotalMilliseconds, 1);

    /// <summary>Makes the socket, bound where that was asked for.</summary>
    public Socket CreateSocket()
    {
        bool isUnix = EndPoint.AddressFamily == AddressFamily.Unix;
        var socket = new Socket(EndPoint.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            Settings.Apply(socket);
            if (LocalEndPoint is not null)
            {
                socket.Bind(LocalEndPoint);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
