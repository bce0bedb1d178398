using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Conformance;

/// <summary>
/// Plays the server's end of cases. A client asks <c>/getCaseCount</c>, connects to <c>/runCase?case=1&amp;agent=NAME</c> and so on, echoing what it gets, and ends with
/// <c>/updateReports</c>: the suite's own protocol, so a client that can talk to the one can talk to the other.
/// </summary>
internal sealed class FuzzingServer : IAsyncDisposable
{
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(5);
    private readonly Socket _listener;
    private readonly IReadOnlyList<ConformanceCase> _cases;
    private readonly double _patience;
    private readonly Action<CaseResult> _tell;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, CaseResult> _results = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _accepting;

    /// <param name="port">0 takes a free one.</param>
    /// <param name="cases">What there is to run.</param>
    /// <param name="patience">Time limits are the suite's times this.</param>
    /// <param name="tell">Called with each result.</param>
    public FuzzingServer(int port, IReadOnlyList<ConformanceCase> cases, double patience, Action<CaseResult> tell)
    {
        _cases = cases;
        _patience = patience;
        _tell = tell;
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public EndPoint EndPoint => _listener.LocalEndPoint!;

    /// <summary>Completes when a client asked for the reports.</summary>
    public Task Done => _done.Task;

    /// <summary>One result a case, in order; those that no client ran are failed.</summary>
    public IReadOnlyList<CaseResult> Results =>
        [.. _cases.Select((one, i) => _results.GetValueOrDefault(i) ?? new CaseResult(one, Verdict.Failed, Verdict.Failed, "The client did not run it.", "The client did not run it.", null, TimeSpan.Zero, []))];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> connections = [];
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
                connections.RemoveAll(connection => connection.IsCompleted);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        socket.NoDelay = true;
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        long started = Stopwatch.GetTimestamp();
        CaseScript script = new CommandScript("");
        int index = -1;
        try
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(HandshakeLimit * _patience);
            OpeningHandshake request = await OpeningHandshake.ReadRequestAsync(stream, limit.Token);
            string target = request.StartLine.Split(' ')[1];
            string path = target.Split('?')[0];
            index = CaseIndex(target);
            script = path switch
            {
                "/runCase" => _cases[index].Create(),
                "/getCaseCount" => new CommandScript(_cases.Count.ToString(CultureInfo.InvariantCulture)),
                "/getCaseInfo" => new CommandScript(JsonSerializer.Serialize(new { id = _cases[index].Id.ToString(), description = _cases[index].Description })),
                "/getCaseStatus" => new CommandScript(JsonSerializer.Serialize(new { behavior = _results.GetValueOrDefault(index)?.Behavior.Name() ?? "UNKNOWN" })),
                "/updateReports" => new CommandScript(""),
                _ => throw new ProtocolFaultException($"no such command: {path}"),
            };
            FuzzingPeer peer = new(stream, PeerRole.Server, script, _patience);
            (string Header, DeflateParameters Parameters)? deflate = script.Acceptances
                .Select(acceptance => acceptance.Answer(request.Header("Sec-WebSocket-Extensions")))
                .FirstOrDefault(answer => answer is not null);
            await request.AcceptAsync(stream, deflate?.Header, limit.Token);
            await peer.RunAsync(deflate?.Parameters, request.Early, _stop.Token);
            if (path == "/updateReports")
            {
                _done.TrySetResult();
            }
        }
        catch (Exception e) when (e is ProtocolFaultException or IOException or OperationCanceledException)
        {
            script.OnNotOpened(e.Message);
        }

        if (script is not CommandScript)
        {
            Keep(index, CaseResult.Of(_cases[index], script, Stopwatch.GetElapsedTime(started)));
        }
    }

    private void Keep(int index, CaseResult result)
    {
        lock (_results)
        {
            _results[index] = result;
            _tell(result);
        }
    }

    /// <summary>The case that a target asks for, counted from 0; -1 when it names none.</summary>
    private int CaseIndex(string target)
    {
        string? number = target.Split('?').ElementAtOrDefault(1)?.Split('&').FirstOrDefault(pair => pair.StartsWith("case=", StringComparison.Ordinal))?["case=".Length..];
        if (number is null)
        {
            return -1;
        }

        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index >= 1 && index <= _cases.Count
            ? index - 1
            : throw new ProtocolFaultException($"no such case: {number}");
    }
}
