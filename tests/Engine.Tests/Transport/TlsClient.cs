using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Engine.Tests;

/// <summary>The runtime's TLS client. It believes the certificates of the tests only.</summary>
internal sealed class TlsClient : IAsyncDisposable
{
    private readonly Socket _socket;

    private TlsClient(Socket socket)
    {
        _socket = socket;
        Stream = new SslStream(new NetworkStream(socket), leaveInnerStreamOpen: false);
    }

    public SslStream Stream { get; }

    public static async Task<TlsClient> ConnectAsync(
        EndPoint endPoint,
        string hostName = "localhost",
        X509Certificate2? certificate = null,
        SslApplicationProtocol[]? applicationProtocols = null,
        int? receiveBufferBytes = null,
        string? preamble = null)
    {
        CancellationToken cancellation = TestContext.CurrentContext.CancellationToken;
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, endPoint.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        if (receiveBufferBytes is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
        }

        await socket.ConnectAsync(endPoint, cancellation);
        if (preamble is not null)
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(preamble), cancellation);
        }

        var client = new TlsClient(socket);
        try
        {
            var options = new SslClientAuthenticationOptions
            {
                TargetHost = hostName,
                // A resumed session shows the certificate of the handshake that began it, not the one that is served now.
                AllowTlsResume = false,
                RemoteCertificateValidationCallback = static (_, shown, _, _) => TestCertificates.IsOurs(shown),
                ApplicationProtocols = applicationProtocols is null ? null : [.. applicationProtocols],
                ClientCertificates = certificate is null ? null : [certificate],
                LocalCertificateSelectionCallback = certificate is null ? null : (_, _, _, _, _) => certificate,
            };
            await client.Stream.AuthenticateAsClientAsync(options, cancellation);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await Stream.WriteAsync(bytes, TestContext.CurrentContext.CancellationToken);

    public async Task<byte[]> ReadExactlyAsync(int count)
    {
        byte[] bytes = new byte[count];
        await Stream.ReadExactlyAsync(bytes, TestContext.CurrentContext.CancellationToken);
        return bytes;
    }

    /// <summary>Everything up to the server's end.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        await Stream.CopyToAsync(all, TestContext.CurrentContext.CancellationToken);
        return all.ToArray();
    }

    /// <summary>Past TLS, straight into the connection.</summary>
    public async Task SendRawAsync(ReadOnlyMemory<byte> bytes) => await _socket.SendAsync(bytes, TestContext.CurrentContext.CancellationToken);

    /// <summary>Ends without a word of TLS.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    public void CloseSend() => _socket.Shutdown(SocketShutdown.Send);

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        _socket.Dispose();
    }
}
