using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Conformance;

/// <summary>Plays the client's end of cases against a server.</summary>
/// <param name="url">Where the server listens, and the path it echoes on; over TLS when its scheme is <c>wss</c>, whatever the certificate.</param>
/// <param name="patience">Time limits are the suite's times this.</param>
internal sealed class ClientCaseRunner(Uri url, double patience)
{
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(5);

    /// <summary>Above the largest limit that a case sets itself (1,000 s): this one only ends what hangs.</summary>
    private static readonly TimeSpan CaseLimit = TimeSpan.FromSeconds(1100);

    /// <summary>Runs the cases, several at a time, and tells each result as it comes.</summary>
    public async Task<IReadOnlyList<CaseResult>> RunAsync(IReadOnlyList<ConformanceCase> cases, int parallel, Action<CaseResult> tell, CancellationToken cancellationToken)
    {
        CaseResult[] results = new CaseResult[cases.Count];
        ParallelOptions several = new() { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(Enumerable.Range(0, cases.Count), several, async (i, token) =>
        {
            results[i] = await RunAsync(cases[i], token);
            lock (results)
            {
                tell(results[i]);
            }
        });
        return results;
    }

    private async Task<CaseResult> RunAsync(ConformanceCase one, CancellationToken cancellationToken)
    {
        CaseScript script = one.Create();
        long started = Stopwatch.GetTimestamp();
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CaseLimit * patience);
        try
        {
            await using Stream stream = await ConnectAsync(socket, limit.Token);
            FuzzingPeer peer = new(stream, PeerRole.Client, script, patience);
            (DeflateParameters? deflate, byte[] rest) = await OpenAsync(stream, script, limit.Token);
            await peer.RunAsync(deflate, rest, limit.Token);
        }
        catch (Exception e) when (e is ProtocolFaultException or SocketException or IOException or AuthenticationException
            or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            script.OnNotOpened(e is OperationCanceledException ? "No answer in time." : e.Message);
        }

        return CaseResult.Of(one, script, Stopwatch.GetElapsedTime(started));
    }

    private async Task<Stream> ConnectAsync(Socket socket, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HandshakeLimit * patience);
        await socket.ConnectAsync(IPAddress.TryParse(url.Host, out IPAddress? address) ? new IPEndPoint(address, url.Port) : new DnsEndPoint(url.Host, url.Port), limit.Token);
        var plain = new NetworkStream(socket);
        if (url.Scheme != Uri.UriSchemeWss)
        {
            return plain;
        }

        // The judge of frames trusts any certificate: the tests of TLS judge those.
#pragma warning disable CA5359
        var secured = new SslStream(plain, leaveInnerStreamOpen: false, static (_, _, _, _) => true);
#pragma warning restore CA5359
        try
        {
            await secured.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = url.Host }, limit.Token);
            return secured;
        }
        catch
        {
            await secured.DisposeAsync();
            throw;
        }
    }

    private async Task<(DeflateParameters? Deflate, byte[] Early)> OpenAsync(Stream stream, CaseScript script, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HandshakeLimit * patience);
        string? offers = script.Offers.Count == 0 ? null : string.Join(", ", script.Offers);
        OpeningHandshake answer = await OpeningHandshake.AskAsync(stream, $"{url.Host}:{url.Port}", url.PathAndQuery, offers, limit.Token);
        DeflateParameters? deflate = DeflateOffer.ReadAnswer(answer.Header("Sec-WebSocket-Extensions"), script.Offers, out string? fault);
        return fault is null ? (deflate, answer.Early) : throw new ProtocolFaultException($"Sec-WebSocket-Extensions: {fault}");
    }
}
