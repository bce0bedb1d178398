using System.Net;
using System.Net.Sockets;

namespace Engine.Interop.Tests;

/// <summary>A port for a program that cannot choose one itself. Somebody may take it first: such a program is started again on another.</summary>
internal static class FreePort
{
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
