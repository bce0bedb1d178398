using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Conformance;

/// <summary>Plays the client's end of cases against a server.</summary>
/// <param name="url">Where the server listens, and the path it echoes on.</param>
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
        FuzzingPeer peer = new(socket, PeerRole.Client, script, patience);
        try
        {
            (DeflateParameters? deflate, byte[] rest) = await OpenAsync(socket, script, limit.Token);
            await peer.RunAsync(deflate, rest, limit.Token);
        }
        catch (Exception e) when (e is ProtocolFaultException or SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            script.OnNotOpened(e is OperationCanceledException ? "No answer in time." : e.Message);
        }

        return CaseResult.Of(one, script, Stopwatch.GetElapsedTime(started));
    }

    private async Task<(DeflateParameters? Deflate, byte[] Early)> OpenAsync(Socket socket, CaseScript script, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HandshakeLimit * patience);
        await socket.ConnectAsync(IPAddress.TryParse(url.Host, out IPAddress? address) ? new IPEndPoint(address, url.Port) : new DnsEndPoint(url.Host, url.Port), limit.Token);
        string? offers = script.Offers.Count == 0 ? null : string.Join(", ", script.Offers);
        OpeningHandshake answer = await OpeningHandshake.AskAsync(socket, $"{url.Host}:{url.Port}", url.PathAndQuery, offers, limit.Token);
        DeflateParameters? deflate = DeflateOffer.ReadAnswer(answer.Header("Sec-WebSocket-Extensions"), script.Offers, out string? fault);
        return fault is null ? (deflate, answer.Early) : throw new ProtocolFaultException($"Sec-WebSocket-Extensions: {fault}");
    }
}
