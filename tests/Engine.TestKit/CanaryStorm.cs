using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Engine.TestKit;

/// <summary>
/// Clients of an HTTP/1.1 server that write bytes of their own and look for bytes of others: some ask in order, pipelined and in pieces; some break their
/// bodies, reset, half-close and stall at random points of echoes and streams. A server that mixes up two of its connections shows one the canary of
/// another, or fails a client that did nothing wrong.
/// </summary>
public sealed class CanaryStorm
{
    private const int CanaryLength = 16;

    /// <summary>How long one who misbehaves waits for a server that owes nothing.</summary>
    private static readonly TimeSpan MischiefTime = TimeSpan.FromMilliseconds(200);

    private readonly EndPoint _endPoint;
    private readonly string _echoPath;
    private readonly string _streamTarget;
    private readonly ConcurrentQueue<string> _failures = new();
    private long _exchanges;
    private long _mischief;
    private int _nextCanary;

    /// <summary>Prepares a storm; <see cref="RunAsync"/> lets it loose.</summary>
    /// <param name="endPoint">The server.</param>
    /// <param name="echoPath">Sends a POST's body back, as it comes or whole.</param>
    /// <param name="streamTarget">Streams until the client is gone, or at least more than a connection's queue holds. It takes a body.</param>
    /// <param name="seed">Makes the storm the same again, as far as the scheduler lets it.</param>
    public CanaryStorm(EndPoint endPoint, string echoPath, string streamTarget, int seed)
    {
        _endPoint = endPoint;
        _echoPath = echoPath;
        _streamTarget = streamTarget;
        Seed = seed;
    }

    /// <summary>What the clients' choices begin with.</summary>
    public int Seed { get; }

    /// <summary>Responses that came back whole and were the client's own.</summary>
    public long Exchanges => Interlocked.Read(ref _exchanges);

    /// <summary>Connections that misbehaved.</summary>
    public long Mischief => Interlocked.Read(ref _mischief);

    /// <summary>What went wrong: bytes of others, and good clients that were failed. At most a hundred.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Runs the clients, each one connection after another, until the time is over or something went wrong.</summary>
    public async Task RunAsync(TimeSpan time, int clients)
    {
        long end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async number =>
        {
            var random = new Random(unchecked((Seed * 397) ^ number));
            while (Environment.TickCount64 < end && _failures.IsEmpty)
            {
                await OneAsync(random).ConfigureAwait(false);
            }
        })).ConfigureAwait(false);
    }

    private async Task OneAsync(Random random)
    {
        // "<" and ">" frame fifteen digits that no two connections share.
        string canary = string.Create(CultureInfo.InvariantCulture, $"<{Interlocked.Increment(ref _nextCanary):x14}>");
        bool isGood = random.Next(3) > 0;
        try
        {
            if (isGood)
            {
                await AskInOrderAsync(canary, random).ConfigureAwait(false);
            }
            else
            {
                Interlocked.Increment(ref _mischief);
                await MisbehaveAsync(canary, random).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (!isGood && exception is SocketException or IOException or TimeoutException)
        {
            // What becomes of those who misbehave is the server's to say.
        }
        catch (Exception exception)
        {
            Fail($"{canary}: {exception.GetType().Name} {exception.Message}");
        }
    }

    /// <summary>Requests one behind another, or all at once, whose bodies have to come back.</summary>
    private async Task AskInOrderAsync(string canary, Random random)
    {
        await using RawClient client = await RawClient.ConnectAsync(_endPoint, TimeSpan.FromSeconds(60)).ConfigureAwait(false);
        int count = random.Next(1, 6);
        bool isPipelined = random.Next(2) == 0;
        byte[][] bodies = [.. Enumerable.Range(0, count).Select(_ => Body(canary, random.Next(random.Next(4) == 0 ? 6000 : 40)))];
        Task asking = Task.CompletedTask;
        if (isPipelined)
        {
            asking = SendInPiecesAsync(client, [.. bodies.SelectMany(body => Request(canary, body, random))], random);
        }

        foreach (byte[] body in bodies)
        {
            if (!isPipelined)
            {
                asking = SendInPiecesAsync(client, Request(canary, body, random), random);
            }

            RawHttpResponse response = await client.ReadResponseAsync().ConfigureAwait(false);
            if (!isPipelined)
            {
                await asking.ConfigureAwait(false);
            }

            if (response.StatusCode != 200 || !response.Body.AsSpan().SequenceEqual(body))
            {
                Fail($"{canary} sent {body.Length} bytes and got {response.StatusLine}, {response.Body.Length} bytes: {Show(response.Body)}");
                return;
            }

            Interlocked.Increment(ref _exchanges);
        }

        await asking.ConfigureAwait(false);
    }

    private async Task MisbehaveAsync(string canary, Random random)
    {
        bool isStream = random.Next(2) == 0;
        await using RawClient client = await RawClient.ConnectAsync(_endPoint, MischiefTime, receiveBufferBytes: 4096).ConfigureAwait(false);
        string head = isStream
            ? $"GET {_streamTarget} HTTP/1.1\r\nHost: a\r\nX-Canary: {canary}\r\nTransfer-Encoding: chunked\r\n\r\n"
            : $"POST {_echoPath} HTTP/1.1\r\nHost: a\r\nX-Canary: {canary}\r\nTransfer-Encoding: chunked\r\n\r\n";
        await client.SendAsync(head[..(random.Next(8) == 0 ? random.Next(1, head.Length) : head.Length)]).ConfigureAwait(false);
        for (int i = random.Next(4); i > 0; i--)
        {
            byte[] body = Body(canary, random.Next(1, 400));
            await client.SendAsync(string.Create(CultureInfo.InvariantCulture, $"{body.Length:x}\r\n{Encoding.Latin1.GetString(body)}\r\n")).ConfigureAwait(false);
        }

        // Long enough for the server to fill its queue and for its handler to end, or not.
        await Task.Delay(random.Next(30)).ConfigureAwait(false);
        if (random.Next(2) == 0)
        {
            await client.SendAsync(random.Next(3) switch { 0 => "zz\r\n", 1 => "5\r\nabc", _ => "0\r\n\r\nGET / HTTP/1.1\r\n" }).ConfigureAwait(false);
        }

        if (random.Next(2) == 0)
        {
            Look(canary, await client.ReadSomeAsync().ConfigureAwait(false));
        }

        await Task.Delay(random.Next(10)).ConfigureAwait(false);
        switch (random.Next(3))
        {
            case 0:
                client.Reset();
                break;
            case 1:
                client.CloseSend();
                Look(canary, await client.ReadSomeAsync().ConfigureAwait(false));
                break;
        }
    }

    private byte[] Request(string canary, byte[] body, Random random)
    {
        string head = $"POST {_echoPath} HTTP/1.1\r\nHost: a\r\nX-Canary: {canary}\r\n";
        string content = Encoding.Latin1.GetString(body);
        if (random.Next(2) == 0 || body.Length == 0)
        {
            return Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{head}Content-Length: {body.Length}\r\n\r\n{content}"));
        }

        int cut = random.Next(1, body.Length);
        return Encoding.Latin1.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{head}Transfer-Encoding: chunked\r\n\r\n{cut:x}\r\n{content[..cut]}\r\n{body.Length - cut:x}\r\n{content[cut..]}\r\n0\r\n\r\n"));
    }

    private static byte[] Body(string canary, int repeats) => Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(canary, repeats)));

    private static async Task SendInPiecesAsync(RawClient client, byte[] bytes, Random random)
    {
        for (int at = 0; at < bytes.Length;)
        {
            int count = Math.Min(random.Next(1, random.Next(3) == 0 ? 200 : 60_000), bytes.Length - at);
            await client.SendAsync(bytes.AsMemory(at, count)).ConfigureAwait(false);
            at += count;
        }
    }

    /// <summary>Looks for whole canaries of others.</summary>
    private void Look(string canary, byte[] received)
    {
        string text = Encoding.Latin1.GetString(received);
        for (int at = text.IndexOf('<', StringComparison.Ordinal); at >= 0 && at + CanaryLength <= text.Length; at = text.IndexOf('<', at + 1))
        {
            if (text[at + CanaryLength - 1] == '>' && !text.AsSpan(at, CanaryLength).SequenceEqual(canary))
            {
                Fail($"{canary} was shown {text.Substring(at, CanaryLength)}");
                return;
            }
        }
    }

    private static string Show(byte[] bytes) => Encoding.Latin1.GetString(bytes, 0, Math.Min(bytes.Length, 200));

    private void Fail(string what)
    {
        if (_failures.Count < 100)
        {
            _failures.Enqueue(what);
        }
    }
}
