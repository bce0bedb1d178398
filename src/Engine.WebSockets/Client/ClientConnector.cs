using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Engine.WebSockets;

/// <summary>Makes one connection: TCP or a Unix domain socket, TLS where the URI says so, then the opening handshake.</summary>
internal static class ClientConnector
{
    private const int ReadBytes = 4096;

    /// <exception cref="WebSocketHandshakeException">The server refused.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    public static async Task<ClientConnection> ConnectAsync(Uri uri, WebSocketClientOptions options, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.ConnectTimeout);
        Stream? stream = null;
        try
        {
            stream = await OpenAsync(uri, options, limit.Token).ConfigureAwait(false);
            string key = AcceptKey.Create();
            await stream.WriteAsync(ClientHandshake.Request(uri, options, key), limit.Token).ConfigureAwait(false);
            return await ReadAnswerAsync(stream, options, key, limit.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            if (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new IOException("The server did not answer in time.", exception);
            }

            if (exception is SocketException)
            {
                throw new IOException($"The connection failed: {exception.Message}", exception);
            }

            throw;
        }
    }

    private static async Task<Stream> OpenAsync(Uri uri, WebSocketClientOptions options, CancellationToken cancellationToken)
    {
        EndPoint endPoint = options.EndPoint ?? new DnsEndPoint(uri.IdnHost, uri.Port);
        bool isUnix = endPoint.AddressFamily == AddressFamily.Unix;
        Socket socket = isUnix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (uri.Scheme != "wss")
            {
                return stream;
            }

            var secure = new SslStream(stream, leaveInnerStreamOpen: false);
            stream = secure;
            await secure.AuthenticateAsClientAsync(options.Tls ?? new SslClientAuthenticationOptions { TargetHost = uri.IdnHost }, cancellationToken).ConfigureAwait(false);
            return secure;
        }
        catch
        {
            socket.Dispose();
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    private static async Task<ClientConnection> ReadAnswerAsync(Stream stream, WebSocketClientOptions options, string key, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[ReadBytes];
        int length = 0;
        while (true)
        {
            int count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw new WebSocketHandshakeException("The server ended the connection before it answered the handshake.");
            }

            int searchFrom = Math.Max(length - 3, 0);
            length += count;
            int end = buffer.AsSpan(searchFrom, length - searchFrom).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                end += searchFrom + 4;
                ClientAgreement agreement = ClientHandshake.ReadAnswer(buffer.AsSpan(0, end), options, key);
                return new ClientConnection(stream, buffer.AsMemory(end, length - end), agreement);
            }

            if (length == buffer.Length)
            {
                if (length >= ClientHandshake.MaxAnswerBytes)
                {
                    throw new WebSocketHandshakeException("The server's answer is too long.");
                }

                Array.Resize(ref buffer, length * 2);
            }
        }
    }
}

/// <summary>A connection behind its handshake, with the bytes that came right after it.</summary>
internal readonly record struct ClientConnection(Stream Stream, ReadOnlyMemory<byte> FirstBytes, ClientAgreement Agreement);
