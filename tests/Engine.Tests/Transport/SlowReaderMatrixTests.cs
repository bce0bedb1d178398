using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Engine.Tests;

/// <summary>
/// Readers of every speed, over both transports, plain and by both TLS libraries, get every byte of a response whichever way the connection ends: by a close, by a
/// stop of the server, or after the peer's own FIN. Every server keeps its default clocks.
/// </summary>
[Platform("Linux")]
public sealed class SlowReaderMatrixTests
{
    private static readonly int[] Rates = [5_000, 20_000, 100_000, 400_000];

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    [CancelAfter(60_000)]
    public Task Slow_readers_get_a_response_of_eight_seconds_whole() => RunAsync(static rate => rate * 8);

    [Test]
    [Explicit("Forty minutes, nearly idle: the slowest takes 12 MB at 5 KB/s.")]
    [CancelAfter(3_000_000)]
    public Task Slow_readers_get_twelve_megabytes_whole() => RunAsync(static _ => 12_000_000);

    private static async Task RunAsync(Func<int, int> lengthOf)
    {
        var cases =
            from transport in new[] { TransportKind.Sockets, TransportKind.Epoll }
            from tls in new TlsBackend?[] { null, TlsBackend.SslStream, TlsBackend.OpenSsl }
            from ending in Enum.GetValues<Ending>()
            from rate in Rates
            select new Reader(transport, tls, ending, rate, lengthOf(rate));
        Reader[] readers = [.. cases];
        await Task.WhenAll(readers.Select(static reader => reader.RunAsync()));
        foreach (Reader reader in readers)
        {
            TestContext.Out.WriteLine(reader);
        }

        Assert.That(readers.Where(static reader => !reader.IsWhole).Select(static reader => reader.ToString()), Is.Empty);
    }

    /// <summary>How the connection comes to its end.</summary>
    private enum Ending
    {
        Close = 0,
        Stop = 1,
        PeersFin = 2,
    }

    /// <summary>One server, one connection, one reader.</summary>
    private sealed class Reader(TransportKind transport, TlsBackend? tls, Ending ending, int bytesPerSecond, int length)
    {
        private long _received;
        private double _seconds;
        private string _end = "";

        public bool IsWhole => _received == length && _end == "FIN";

        public async Task RunAsync()
        {
            byte[] response = new byte[length];
            new Random(bytesPerSecond).NextBytes(response);
            var options = new ServerOptions { Transport = transport, LoopCount = 1 };
            options.EndPoints.Add(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
            options.Tls = tls is { } backend ? new TlsOptions { Certificate = TestCertificates.Server, Backend = backend } : null;
            await using var server = new EngineServer(options, _ => new ProbeProtocol { OnBytes = (connection, bytes) => Respond(connection, bytes.Length, response) });
            await server.StartAsync(Cancellation);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 16_384 };
            await socket.ConnectAsync(server.EndPoints[0], Cancellation);
            await using Stream stream = await OpenAsync(socket);
            await stream.WriteAsync("x"u8.ToArray(), Cancellation);
            long started = Stopwatch.GetTimestamp();
            if (ending == Ending.PeersFin)
            {
                if (stream is SslStream secure)
                {
                    await secure.ShutdownAsync();
                }

                socket.Shutdown(SocketShutdown.Send);
            }

            Task stopping = Task.CompletedTask;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            byte[] buffer = new byte[bytesPerSecond / 10];
            try
            {
                for (int count; (count = await stream.ReadAsync(buffer, Cancellation)) > 0;)
                {
                    if (_received == 0 && ending == Ending.Stop)
                    {
                        stopping = server.StopAsync(TimeSpan.FromHours(1), Cancellation);
                    }

                    hash.AppendData(buffer, 0, count);
                    _received += count;
                    double ahead = (_received / (double)bytesPerSecond) - Stopwatch.GetElapsedTime(started).TotalSeconds;
                    if (ahead > 0)
                    {
                        await Task.Delay(TimeSpan.FromSeconds(ahead), Cancellation);
                    }
                }

                _end = hash.GetHashAndReset().AsSpan().SequenceEqual(SHA256.HashData(response)) ? "FIN" : "other bytes";
            }
            catch (IOException exception)
            {
                _end = exception.InnerException is SocketException error ? error.SocketErrorCode.ToString() : exception.Message;
            }

            _seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            socket.Close();
            await stopping;
        }

        public override string ToString()
            => string.Create(CultureInfo.InvariantCulture, $"{transport} {tls?.ToString() ?? "plain"} {ending} {bytesPerSecond / 1000} KB/s: {_received} of {length} bytes in {_seconds:F0} s, {_end}");

        private int Respond(Connection connection, int count, byte[] response)
        {
            // Larger than the queue, and accepted because nothing else waits: from here on it is owed.
            Assert.That(connection.TrySend(response), Is.LessThan(SendStatus.Dropped));
            if (ending == Ending.Close)
            {
                connection.Close();
            }

            return count;
        }

        private async Task<Stream> OpenAsync(Socket socket)
        {
            var plain = new NetworkStream(socket);
            if (tls is null)
            {
                return plain;
            }

            var secure = new SslStream(plain, leaveInnerStreamOpen: false, static (_, shown, _, _) => TestCertificates.IsOurs(shown));
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, Cancellation);
            return secure;
        }
    }
}
