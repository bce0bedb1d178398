using System.Globalization;
using System.IO.Compression;
using System.Net.ServerSentEvents;
using System.Text;

namespace Engine.Sse.Tests;

/// <summary>The client against servers that cut, spin, flood, compress and say nothing.</summary>
[CancelAfter(60_000)]
public sealed class SseClientFaultTests
{
    [Test]
    public async Task The_id_of_an_event_that_was_cut_is_not_sent_back(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(
            ScriptedServer.Send(ScriptedServer.Head + "id: 1\ndata: one\n\nid: 2\ndata: cut he"),
            ScriptedServer.Send(ScriptedServer.Head + "id: 2\ndata: whole\n\n"));
        using SseClient client = Client(server);
        Assert.That(await DataAsync(client, 2, cancellationToken), Is.EqualTo(new[] { "one", "whole" }));
        Assert.That(server.Requests.ElementAt(1), Does.Contain("Last-Event-ID: 1\r\n"));
    }

    [Test]
    public async Task An_id_without_data_counts_and_an_empty_one_is_not_sent(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(
            ScriptedServer.Send(ScriptedServer.Head + "id: 7\n\n"),
            ScriptedServer.Send(ScriptedServer.Head + "id:\n\n"),
            ScriptedServer.Hold(ScriptedServer.Head + "data: x\n\n"));
        using SseClient client = Client(server);
        await DataAsync(client, 1, cancellationToken);
        Assert.That(server.Requests.ElementAt(1), Does.Contain("Last-Event-ID: 7\r\n"));
        Assert.That(server.Requests.ElementAt(2), Does.Not.Contain("Last-Event-ID"));
        Assert.That(client.LastEventId, Is.Null);
    }

    [Test]
    public async Task Retry_zero_does_not_spin(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(
            ScriptedServer.Send(ScriptedServer.Head + "retry: 0\ndata: a\n\n"),
            ScriptedServer.Send("HTTP/1.1 503 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        var waits = new List<TimeSpan>();
        using var client = new SseClient(server.Address, new SseClientOptions
        {
            ReconnectionInterval = TimeSpan.Zero,
            MinReconnectionInterval = TimeSpan.FromMilliseconds(10),
            ReconnectionJitter = 0,
            MaxAttempts = 5,
            OnReconnecting = (_, wait) => waits.Add(wait),
        });
        await Assert.ThrowsAsync<HttpRequestException>(() => DataAsync(client, 2, cancellationToken));
        Assert.That(waits.Select(static wait => wait.TotalMilliseconds), Is.EqualTo(new double[] { 10, 20, 40, 80 }));
        Assert.That(client.State, Is.EqualTo(SseClientState.Failed));
        Assert.That(new SseClientOptions().MinReconnectionInterval, Is.EqualTo(TimeSpan.FromMilliseconds(500)));
    }

    [Test]
    public async Task An_event_past_MaxEventBytes_fails_the_reading_and_says_so(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(async (stream, ct) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(ScriptedServer.Head + "data: fits\n\ndata: "), ct);
            byte[] block = new byte[65_536];
            block.AsSpan().Fill((byte)'x');
            while (true)
            {
                await stream.WriteAsync(block, ct);
            }
        });
        using var client = new SseClient(server.Address, new SseClientOptions { MaxEventBytes = 100_000 });
        InvalidDataException? failure = await Assert.ThrowsAsync<InvalidDataException>(() => DataAsync(client, 2, cancellationToken));
        Assert.That(failure!.Message, Does.Contain("100000"));
        Assert.That(client.ConnectionCount, Is.EqualTo(1), "the same event would come again");
    }

    [Test]
    public async Task Media_types_are_compared_without_case_and_parameters(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(ScriptedServer.Hold(ScriptedServer.Head.Replace("text/event-stream", "Text/Event-Stream; charset=UTF-8", StringComparison.Ordinal) + "data: a\n\n"));
        using SseClient client = Client(server);
        Assert.That(await DataAsync(client, 1, cancellationToken), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public async Task Retry_after_as_a_date_is_kept(CancellationToken cancellationToken)
    {
        var now = DateTimeOffset.Parse("2001-02-03T04:05:06Z", CultureInfo.InvariantCulture);
        string refusal = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 503 x\r\nDate: {now:r}\r\nRetry-After: {now.AddSeconds(100):r}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await using var server = new ScriptedServer(ScriptedServer.Send(refusal));
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TimeSpan? wait = null;
        using var client = new SseClient(server.Address, new SseClientOptions
        {
            ReconnectionJitter = 0,
            OnReconnecting = (_, planned) =>
            {
                wait = planned;
                waiting.Cancel();
            },
        });
        await Assert.CatchAsync<OperationCanceledException>(() => DataAsync(client, 1, waiting.Token));
        Assert.That(wait, Is.EqualTo(TimeSpan.FromSeconds(100)));
    }

    [TestCase("gzip")]
    [TestCase("br")]
    [TestCase("deflate")]
    public async Task Compressed_streams_are_decoded_as_they_come(string coding, CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(async (stream, ct) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(ScriptedServer.Head.Replace("\r\n\r\n", $"\r\nContent-Encoding: {coding}\r\n\r\n", StringComparison.Ordinal)), ct);
            await using Stream compressed = coding switch
            {
                "gzip" => new GZipStream(stream, CompressionLevel.Fastest),
                "br" => new BrotliStream(stream, CompressionLevel.Fastest),
                _ => new ZLibStream(stream, CompressionLevel.Fastest),
            };
            await compressed.WriteAsync("data: one\n\n"u8.ToArray(), ct);
            await compressed.FlushAsync(ct);
            await Task.Delay(Timeout.Infinite, ct);
        });
        using SseClient client = Client(server);
        Assert.That(await DataAsync(client, 1, cancellationToken), Is.EqualTo(new[] { "one" }));
    }

    [Test]
    public async Task A_content_coding_that_is_not_known_is_refused(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(ScriptedServer.Hold(ScriptedServer.Head.Replace("\r\n\r\n", "\r\nContent-Encoding: zstd\r\n\r\n", StringComparison.Ordinal)));
        using SseClient client = Client(server);
        HttpRequestException? failure = await Assert.ThrowsAsync<HttpRequestException>(() => DataAsync(client, 1, cancellationToken));
        Assert.That(failure!.Message, Does.Contain("zstd"));
    }

    [Test]
    public async Task A_server_that_takes_the_connection_and_says_nothing_is_given_up(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(ScriptedServer.Hold(""), ScriptedServer.Hold("HTTP/1.1 200 OK\r\nContent-Ty"), ScriptedServer.Hold(ScriptedServer.Head + "data: at last\n\n"));
        var reasons = new List<Exception?>();
        using var client = new SseClient(server.Address, new SseClientOptions
        {
            IdleTimeout = TimeSpan.FromSeconds(1),
            ReconnectionInterval = TimeSpan.FromMilliseconds(1),
            MinReconnectionInterval = TimeSpan.FromMilliseconds(1),
            OnReconnecting = (reason, _) => reasons.Add(reason),
        });
        Assert.That(await DataAsync(client, 1, cancellationToken), Is.EqualTo(new[] { "at last" }));
        Assert.That(reasons, Has.Count.EqualTo(2).And.All.InstanceOf<TimeoutException>());
    }

    [Test]
    public async Task An_id_that_is_not_ASCII_is_sent_back_as_UTF8([Values] bool withOwnHandler, CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(
            ScriptedServer.Send(ScriptedServer.Head + "id: \u00e9\u20ac1\ndata: a\n\n"),
            ScriptedServer.Hold(ScriptedServer.Head + "data: b\n\n"));
        using HttpClient? own = withOwnHandler ? new HttpClient(SseClient.CreateHandler()) : null;
        using SseClient client = Client(server, own);
        Assert.That(await DataAsync(client, 2, cancellationToken), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(server.Requests.ElementAt(1), Does.Contain("Last-Event-ID: \u00e9\u20ac1\r\n"));
    }

    [Test]
    public async Task Disposal_ends_a_reading_wherever_it_waits(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(ScriptedServer.Hold(""));
        SseClient client = Client(server);
        Task reading = DataAsync(client, 1, cancellationToken);
        while (server.Requests.IsEmpty)
        {
            await Task.Delay(5, cancellationToken);
        }

        Assert.That(client.State, Is.EqualTo(SseClientState.Connecting));
        await Assert.ThrowsAsync<InvalidOperationException>(() => DataAsync(client, 1, cancellationToken), "one reader at a time");
        client.Dispose();
        client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => DataAsync(client, 1, cancellationToken));
    }

    [Test]
    public async Task A_reader_that_left_may_come_back_where_it_was(CancellationToken cancellationToken)
    {
        await using var server = new ScriptedServer(
            ScriptedServer.Hold(ScriptedServer.Head + "id: 1\ndata: a\n\nid: 2\ndata: not read\n\n"),
            ScriptedServer.Hold(ScriptedServer.Head + "id: 2\ndata: b\n\n"));
        using SseClient client = Client(server);
        await DataAsync(client, 1, cancellationToken);
        Assert.That(client.State, Is.EqualTo(SseClientState.Idle));
        Assert.That(await DataAsync(client, 1, cancellationToken), Is.EqualTo(new[] { "b" }));
        Assert.That(server.Requests.ElementAt(1), Does.Contain("Last-Event-ID: 1\r\n"));
    }

    private static SseClient Client(ScriptedServer server, HttpMessageInvoker? http = null) => new(server.Address, new SseClientOptions
    {
        HttpClient = http,
        ReconnectionInterval = TimeSpan.FromMilliseconds(10),
        MinReconnectionInterval = TimeSpan.FromMilliseconds(10),
    });

    private static async Task<List<string>> DataAsync(SseClient client, int count, CancellationToken cancellationToken)
    {
        var data = new List<string>();
        await foreach (SseItem<string> item in client.ReadAllAsync(cancellationToken))
        {
            data.Add(item.Data);
            if (data.Count == count)
            {
                break;
            }
        }

        return data;
    }
}
