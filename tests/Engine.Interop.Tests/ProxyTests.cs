using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Engine.TestKit;

namespace Engine.Interop.Tests;

#pragma warning disable CA5359 // The tests of the engine judge certificates.

/// <summary>The sample's proxy, as a program, between sockets of the runtime and between curl and the server under test.</summary>
[TestFixture("sockets")]
[TestFixture("epoll")]
[CancelAfter(120_000)]
public sealed class ProxyTests(string transport)
{
    private const long Megabyte = 1 << 20;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public Task It_carries_a_quarter_of_a_gigabyte_each_way_with_flat_memory([Values] bool isSecure) => CarryAsync(isSecure, 256 * Megabyte);

    [Test]
    [Explicit("Minutes: 10 GB each way, plain and by TLS.")]
    [CancelAfter(1_200_000)]
    public Task It_carries_ten_gigabytes_each_way_with_flat_memory([Values] bool isSecure) => CarryAsync(isSecure, 10_240 * Megabyte);

    [Test]
    public async Task Curl_reaches_the_server_under_test_through_it()
    {
        await using ServerProgram server = await ServerProgram.StartTestServerAsync(transport);
        ServerProgram proxy = await ServerProgram.StartProxyAsync(transport, server.EndPoint);
        (int exitCode, string output, string error) = await ChildProcess.RunAsync("curl", ["-si", "--max-time", "20", $"{proxy.Http}/plain", $"{proxy.Http}/plain"], TimeSpan.FromSeconds(30));
        Assert.That(exitCode, Is.Zero, error);
        Assert.That(output.Split("Hello, World!"), Has.Length.EqualTo(3));
        await proxy.StopAsync();
    }

    [Test]
    public async Task A_target_that_is_not_there_is_told_and_the_client_is_reset()
    {
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using ServerProgram proxy = await ServerProgram.StartProxyAsync(transport, bound.LocalEndPoint!);
        await using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
        Assert.That(await client.ReadToEndAsync(), Is.Empty);
        Assert.That(client.SawReset, Is.True);
        Assert.That(proxy.Process.Error, Does.Contain("refused"));
    }

    private static async Task EchoAsync(Socket listener)
    {
        using Socket socket = await listener.AcceptAsync(Cancellation);
        byte[] buffer = new byte[65_536];
        for (int count; (count = await socket.ReceiveAsync(buffer, SocketFlags.None, Cancellation)) > 0;)
        {
            for (int sent = 0; sent < count;)
            {
                sent += await socket.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, Cancellation);
            }
        }

        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task<byte[]> SendAsync(Stream stream, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] bytes = RandomNumberGenerator.GetBytes(1 << 16);
        for (long sent = 0; sent < length; sent += bytes.Length)
        {
            BitConverter.TryWriteBytes(bytes, sent);
            hash.AppendData(bytes);
            await stream.WriteAsync(bytes, Cancellation);
        }

        return hash.GetHashAndReset();
    }

    private static long ResidentBytes(int processId)
    {
        string line = File.ReadLines($"/proc/{processId}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line["VmRSS:".Length..^2], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
    }

    private async Task CarryAsync(bool isSecure, long length)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Task echoing = EchoAsync(listener);
        using TemporaryCertificate certificate = new();
        string[] secured = isSecure ? ["--certificate", certificate.CertificatePath, "--key", certificate.KeyPath] : [];
        await using ServerProgram proxy = await ServerProgram.StartProxyAsync(transport, listener.LocalEndPoint!, secured);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(proxy.EndPoint, Cancellation);
        await using Stream stream = await OpenAsync(socket, isSecure);
        long started = Stopwatch.GetTimestamp();
        Task<byte[]> sending = SendAsync(stream, length);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 18];
        long least = long.MaxValue;
        long most = 0;
        long nextLook = 32 * Megabyte;
        for (long received = 0; received < length;)
        {
            int count = await stream.ReadAsync(buffer, Cancellation);
            Assert.That(count, Is.Positive, "the proxy ended the stream before its end");
            hash.AppendData(buffer, 0, count);
            received += count;
            if (received >= nextLook)
            {
                // This side naps, and everything behind it has to wait without piling up.
                await Task.Delay(100, Cancellation);
                nextLook = received + (length / 16);
                long resident = ResidentBytes(proxy.Process.Id);
                least = Math.Min(least, resident);
                most = Math.Max(most, resident);
            }
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        TestContext.Out.WriteLine($"{length / Megabyte} MB each way in {seconds:F1} s, resident {least / Megabyte} to {most / Megabyte} MB");
        Assert.That(await sending, Is.EqualTo(hash.GetHashAndReset()));
        Assert.That(most - least, Is.LessThan(48 * Megabyte), $"resident {least} to {most}");
        socket.Shutdown(SocketShutdown.Send);
        await echoing;
    }

    private static async Task<Stream> OpenAsync(Socket socket, bool isSecure)
    {
        var plain = new NetworkStream(socket);
        if (!isSecure)
        {
            return plain;
        }

        var secure = new SslStream(plain, leaveInnerStreamOpen: false, static (_, _, _, _) => true);
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, Cancellation);
        return secure;
    }

    /// <summary>A certificate and its key as files.</summary>
    private sealed class TemporaryCertificate : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("proxy-tests-");

        public TemporaryCertificate()
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using X509Certificate2 made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            File.WriteAllText(CertificatePath, made.ExportCertificatePem());
            File.WriteAllText(KeyPath, key.ExportPkcs8PrivateKeyPem());
        }

        public string CertificatePath => Path.Combine(_folder.FullName, "certificate.pem");

        public string KeyPath => Path.Combine(_folder.FullName, "key.pem");

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
