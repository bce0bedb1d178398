using System.Globalization;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engine.Sse.Tests;

/// <summary>The client against the server, through ends of streams, refusals and silence.</summary>
public sealed partial class SseClientTests(TransportKind transport) : BothTransports(transport)
{
    [Test]
    public async Task Events_are_read_as_they_were_sent(CancellationToken cancellationToken)
    {
        await StartAsync(static server => server.MapSse("/events", static async (stream, ct) =>
        {
            await stream.SendAsync(new SseEvent("é\r\nline 2") { Id = "7", EventType = "named" }, ct);
            await stream.SendAsync(new SseEvent(""), ct);
            await stream.SendAsync(new SseEvent(new string('x', 10 << 20)), ct);
            await Task.Delay(Timeout.Infinite, ct);
        }));
        using SseClient client = Client();
        List<SseItem<string>> items = await ReadAsync(client, 3, cancellationToken);
        Assert.That(items[0].Data, Is.EqualTo("é\nline 2"));
        Assert.That(items[0].EventType, Is.EqualTo("named"));
        Assert.That(items[1].Data, Is.Empty);
        Assert.That(items[2].Data, Has.Length.EqualTo(10 << 20));
        Assert.That(client.LastEventId, Is.EqualTo("7"));
    }

    [Test]
    public async Task Streams_that_end_are_opened_again_behind_the_last_event(CancellationToken cancellationToken)
    {
        await StartAsync(static server => server.MapSse("/events", static async (stream, ct) =>
        {
            int next = stream.LastEventId is { } id ? int.Parse(id, CultureInfo.InvariantCulture) + 1 : 0;
            for (int i = 0; i < 3; i++, next++)
            {
                await stream.SendAsync(new SseEvent($"{next}") { Id = $"{next}" }, ct);
            }
        }));
        using SseClient client = Client();
        List<SseItem<string>> items = await ReadAsync(client, 10, cancellationToken);
        Assert.That(items.Select(static item => item.Data), Is.EqualTo(Enumerable.Range(0, 10).Select(static number => $"{number}")));
        Assert.That(client.ConnectionCount, Is.EqualTo(4));
    }

    [Test]
    public async Task The_interval_that_the_server_asks_for_is_kept(CancellationToken cancellationToken)
    {
        await StartAsync(static server => server.MapSse("/events", static async (stream, ct) => await stream.SendAsync(new SseEvent("x"), ct), new SseOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(20) }));
        var waits = new List<TimeSpan>();
        using var client = new SseClient(Address("/events"), new SseClientOptions { MinReconnectionInterval = TimeSpan.FromMilliseconds(1), ReconnectionJitter = 0, OnReconnecting = (_, wait) => waits.Add(wait) });
        await ReadAsync(client, 3, cancellationToken);
        Assert.That(client.ReconnectionInterval, Is.EqualTo(TimeSpan.FromMilliseconds(20)));
        Assert.That(waits, Is.EqualTo(new[] { TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(20) }));
    }

    [Test]
    public async Task No_content_ends_the_reading(CancellationToken cancellationToken)
    {
        int streams = 0;
        await StartAsync(server => server.MapSse("/events", static async (stream, ct) => await stream.SendAsync(new SseEvent("only"), ct), new SseOptions
        {
            OnConnectAsync = context =>
            {
                context.Response.StatusCode = streams++ == 0 ? 200 : 204;
                return ValueTask.FromResult(context.Response.StatusCode == 200);
            },
        }));
        using SseClient client = Client();
        Assert.That(await ReadAsync(client, int.MaxValue, cancellationToken), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Refusals_fail_at_once_and_a_busy_server_is_asked_again(CancellationToken cancellationToken)
    {
        int asked = 0;
        await StartAsync(server =>
        {
            server.MapSse("/forbidden", static (_, _) => Task.CompletedTask, new SseOptions { OnConnectAsync = static _ => ValueTask.FromResult(false) });
            server.MapGet("/text", static context => context.Response.WriteAsync("x"));
            server.MapSse("/busy", static async (stream, ct) => await stream.SendAsync(new SseEvent("at last"), ct), new SseOptions
            {
                OnConnectAsync = context =>
                {
                    context.Response.StatusCode = ++asked < 3 ? 503 : 200;
                    return ValueTask.FromResult(asked >= 3);
                },
            });
        });
        using SseClient forbidden = Client("/forbidden"), text = Client("/text"), busy = Client("/busy");
        HttpRequestException? failure = await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(forbidden, 1, cancellationToken));
        Assert.That(failure!.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(text, 1, cancellationToken));
        Assert.That((await ReadAsync(busy, 1, cancellationToken))[0].Data, Is.EqualTo("at last"));
        Assert.That(asked, Is.EqualTo(3));
    }

    [Test]
    public async Task Attempts_in_vain_come_to_an_end(CancellationToken cancellationToken)
    {
        await StartAsync(static server => server.MapSse("/events", static (_, _) => Task.CompletedTask));
        var waits = new List<TimeSpan>();
        using var client = new SseClient(Address("/events"), new SseClientOptions
        {
            MaxAttempts = 4,
            ReconnectionInterval = TimeSpan.FromMilliseconds(10),
            MinReconnectionInterval = TimeSpan.FromMilliseconds(1),
            MaxReconnectionInterval = TimeSpan.FromMilliseconds(20),
            ReconnectionJitter = 0,
            OnReconnecting = (_, wait) => waits.Add(wait),
        });
        await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(client, 1, cancellationToken));
        Assert.That(waits.Select(static wait => wait.TotalMilliseconds), Is.EqualTo(new[] { 10, 20, 20 }));
        Assert.That(client.ConnectionCount, Is.EqualTo(4));
    }

    [Test]
    public async Task A_silent_stream_is_given_up_and_heartbeats_keep_one(CancellationToken cancellationToken)
    {
        int silent = 0;
        await StartAsync(server =>
        {
            server.MapSse("/silent", async (stream, ct) =>
            {
                if (++silent == 2)
                {
                    await stream.SendAsync(new SseEvent("second"), ct);
                }

                await Task.Delay(Timeout.Infinite, ct);
            });
            server.MapSse("/beating", static async (stream, ct) =>
            {
                await Task.Delay(1500, ct);
                await stream.SendAsync(new SseEvent("still the first"), ct);
            }, new SseOptions { HeartbeatInterval = TimeSpan.FromMilliseconds(100) });
        });
        var reasons = new List<Exception?>();
        using var silentClient = new SseClient(Address("/silent"), new SseClientOptions
        {
            IdleTimeout = TimeSpan.FromMilliseconds(300),
            ReconnectionInterval = TimeSpan.Zero,
            MinReconnectionInterval = TimeSpan.FromMilliseconds(1),
            OnReconnecting = (reason, _) => reasons.Add(reason),
        });
        Assert.That((await ReadAsync(silentClient, 1, cancellationToken))[0].Data, Is.EqualTo("second"));
        Assert.That(reasons, Is.All.InstanceOf<TimeoutException>());
        using var beatingClient = new SseClient(Address("/beating"), new SseClientOptions { IdleTimeout = TimeSpan.FromMilliseconds(1000) });
        await ReadAsync(beatingClient, 1, cancellationToken);
        Assert.That(beatingClient.ConnectionCount, Is.EqualTo(1));
    }

    [Test]
    public async Task Typed_events_are_parsed_by_metadata(CancellationToken cancellationToken)
    {
        await StartAsync(static server => server.MapSse("/events", static async (stream, ct) => await stream.SendJsonAsync(new Moved(3, 4), ClientJson.Default.Moved, cancellationToken: ct)));
        using SseClient client = Client();
        await foreach (SseItem<Moved?> item in client.ReadAllAsync(static (_, data) => JsonSerializer.Deserialize(data, ClientJson.Default.Moved), cancellationToken))
        {
            Assert.That(item.EventType, Is.EqualTo("moved"));
            Assert.That(item.Data, Is.EqualTo(new Moved(3, 4)));
            break;
        }
    }

    [Test]
    public async Task Cancellation_ends_the_reading_and_the_server_sees_it(CancellationToken cancellationToken)
    {
        await StartAsync(static server => server.MapSse("/events", static async (stream, ct) =>
        {
            await stream.SendAsync(new SseEvent("x"), ct);
            await Task.Delay(Timeout.Infinite, ct);
        }));
        using (SseClient client = Client())
        {
            using var mine = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Assert.CatchAsync<OperationCanceledException>(async () =>
            {
                await foreach (SseItem<string> _ in client.ReadAllAsync(mine.Token))
                {
                    await mine.CancelAsync();
                }
            });
        }

        await UntilAsync(() => Server.Engine.ConnectionCount == 0, cancellationToken);
    }

    [Test]
    public void Options_out_of_range_are_refused()
    {
        Assert.That(static () => new SseClient(new Uri("/relative", UriKind.Relative)), Throws.ArgumentException);
        Assert.That(static () => new SseClient(new Uri("http://a"), new SseClientOptions { MaxAttempts = -1 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => new SseClient(new Uri("http://a"), new SseClientOptions { IdleTimeout = TimeSpan.Zero }), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => new SseClient(new Uri("http://a"), new SseClientOptions { MinReconnectionInterval = TimeSpan.Zero }), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => new SseClient(new Uri("http://a"), new SseClientOptions { MaxEventBytes = 0 }), Throws.InstanceOf<ArgumentException>());
    }

    private static async Task<List<SseItem<string>>> ReadAsync(SseClient client, int count, CancellationToken cancellationToken)
    {
        var items = new List<SseItem<string>>();
        await foreach (SseItem<string> item in client.ReadAllAsync(cancellationToken))
        {
            items.Add(item);
            if (items.Count == count)
            {
                break;
            }
        }

        return items;
    }

    private SseClient Client(string path = "/events")
        => new(Address(path), new SseClientOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(10), MinReconnectionInterval = TimeSpan.FromMilliseconds(10) });

    [SseEvent("moved")]
    internal sealed record Moved(int X, int Y);

    [JsonSerializable(typeof(Moved))]
    private sealed partial class ClientJson : JsonSerializerContext;
}
