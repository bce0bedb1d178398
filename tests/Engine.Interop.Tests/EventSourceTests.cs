using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Engine.Http1;
using Engine.Sse;
using Engine.TestKit;
using Microsoft.Playwright;

namespace Engine.Interop.Tests;

/// <summary>Chromium's EventSource against streams that the test steers.</summary>
public sealed class EventSourceTests(TransportKind transport) : InBrowser(transport)
{
    private const int EventCount = 2000;
    private const int DropCount = 50;

    private static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Fifty_drops_at_any_byte_lose_nothing_and_repeat_nothing()
    {
        var random = new Random(20261121);
        var admissions = Channel.CreateUnbounded<Admission>();
        FaultProxy? proxy = null;
        int count = 0;
        using var hub = new SseHub<Admission>(new SseHubOptions<Admission> { OnConnected = static session => session.Data.Begun.SetResult() });
        await StartAsync(server => server.MapGet("/", PageAsync).MapSseHub(
            "/events",
            hub,
            context =>
            {
                // The place of the cut stands before the first byte leaves. Each stream has a connection of its own, whose bytes the proxy counts.
                int drop = count++;
                var kind = (Drop)(drop % 3);
                proxy!.ToClient = new FaultPlan { ResetAfterBytes = kind == Drop.WithinBytes && drop < DropCount ? random.Next(250, 1700) : -1 };
                context.Response.Headers.Set("Connection", "close");
                var admission = new Admission($"{drop}", kind, context.Request.Headers["Last-Event-ID"], context.Connection);
                admissions.Writer.TryWrite(admission);
                return ValueTask.FromResult<SseTicket<Admission>?>(new SseTicket<Admission>(admission.Id, admission, "all"));
            },
            new SseOptions { ReconnectionInterval = TimeSpan.FromMilliseconds(10) }));
        await using FaultProxy through = proxy = new FaultProxy(EndPoint);
        IPage page = await OpenAsync(proxy.EndPoint);
        await page.EvaluateAsync(
            """
            () => {
              window.seen = [];
              window.errors = 0;
              const source = new EventSource('/events');
              const note = event => window.seen.push([event.type, event.data, event.lastEventId]);
              source.onmessage = note;
              source.addEventListener('odd', note);
              source.onerror = () => { window.errors++; };
            }
            """);

        var sent = new List<string[]>();
        var lastIds = new List<string?>();
        for (int drop = 0; drop <= DropCount; drop++)
        {
            // The stream begins while this goes on: what is published now comes by the replay, or live, or through the seam between them.
            Admission admission = await admissions.Reader.ReadAsync(Cancellation);
            lastIds.Add(admission.LastEventId);
            if (drop == 0)
            {
                // A client that is new is owed what is published from its admission on, and no id before it has seen one.
                await admission.Begun.Task.WaitAsync(Cancellation);
            }

            int end = drop == DropCount ? EventCount : sent.Count + random.Next(30, 45);
            int cut = random.Next(Math.Max(sent.Count, 1), end);
            while (sent.Count < end)
            {
                if (sent.Count == cut && drop < DropCount)
                {
                    await CutAsync(admission, hub);
                }

                string data = $"{sent.Count} {new string('x', random.Next(200))}";
                string? type = sent.Count % 2 == 1 ? "odd" : null;
                hub.Publish("all", new SseEvent(data) { EventType = type });
                sent.Add([type ?? "message", data]);
                if (sent.Count == 1)
                {
                    await page.WaitForFunctionAsync("() => window.seen.length === 1");
                }
            }
        }

        await page.WaitForFunctionAsync("count => window.seen.length >= count", EventCount);
        string[][] seen = JsonSerializer.Deserialize<string[][]>(await page.EvaluateAsync<string>("JSON.stringify(window.seen)"))!;
        Assert.That(seen.Select(static item => item[..2]), Is.EqualTo(sent));
        Assert.That(seen.Select(static item => OffsetOf(item[2])), Is.Unique.And.Ordered);
        Assert.That(await page.EvaluateAsync<int>("window.errors"), Is.EqualTo(DropCount));
        Assert.That(lastIds[0], Is.Null);
        Assert.That(lastIds.Skip(1).Distinct(), Is.SubsetOf(seen.Select(static item => item[2])));
        Assert.That(lastIds.Skip(1).Select(OffsetOf), Is.Ordered);
        Assert.That(hub.Topics.Metrics.Gaps, Is.Zero);
        await page.CloseAsync();
    }

    [Test]
    public async Task Two_hundred_generated_events_are_seen_as_the_standard_reads_them()
    {
        IReadOnlyList<SseEvent> events = GeneratedEvents.Create(seed: 20261121, count: 200);
        await StartAsync(server => server.MapGet("/", PageAsync).MapSse("/events", async (stream, cancellationToken) =>
        {
            foreach (SseEvent item in events)
            {
                await stream.SendAsync(item, cancellationToken);
            }

            await stream.SendAsync(new SseEvent("") { EventType = "end" }, cancellationToken);
        }));

        // Cut into small pieces on the way, so that lines, line ends and characters come in parts.
        await using var proxy = new FaultProxy(EndPoint, toClient: new FaultPlan { PieceBytes = 5 });
        IPage page = await OpenAsync(proxy.EndPoint);
        string seen = await page.EvaluateAsync<string>(
            """
            types => new Promise(resolve => {
              const seen = [];
              const source = new EventSource('/events');
              const end = state => { source.close(); resolve(JSON.stringify([...seen, state])); };
              for (const type of types) {
                source.addEventListener(type, event => seen.push([event.type, event.data, event.lastEventId]));
              }
              source.addEventListener('end', () => end(['end', '', '']));
              source.onerror = () => end(['error', '', '']);
            })
            """,
            GeneratedEvents.Types).WaitAsync(Cancellation);
        string[][] expected = [.. GeneratedEvents.AsSeen(events), ["end", "", ""]];
        Assert.That(expected, Has.Length.GreaterThan(150), "most of them have data");
        Assert.That(JsonSerializer.Deserialize<string[][]>(seen), Is.EqualTo(expected));
        await page.CloseAsync();
    }

    [Test]
    public async Task After_204_it_does_not_come_back()
    {
        var requests = new ConcurrentQueue<string?>();
        await StartAsync(server => server.MapGet("/", PageAsync).MapSse(
            "/events",
            async (stream, cancellationToken) => await stream.SendAsync(new SseEvent("all there is") { Id = "last" }, cancellationToken),
            new SseOptions
            {
                ReconnectionInterval = TimeSpan.FromMilliseconds(10),
                OnConnectAsync = context =>
                {
                    string? lastId = context.Request.Headers["Last-Event-ID"];
                    requests.Enqueue(lastId);
                    if (requests.Count == 4)
                    {
                        context.Response.StatusCode = 204;
                    }

                    return ValueTask.FromResult(requests.Count < 4);
                },
            }));
        IPage page = await OpenAsync(EndPoint);
        string seen = await page.EvaluateAsync<string>(
            """
            () => new Promise(resolve => {
              const seen = [];
              const source = new EventSource('/events');
              source.onmessage = event => seen.push(event.data);
              source.onerror = () => {
                seen.push(source.readyState);
                if (source.readyState === EventSource.CLOSED) {
                  resolve(seen.join());
                }
              };
            })
            """).WaitAsync(Cancellation);
        Assert.That(seen, Is.EqualTo("all there is,0,all there is,0,all there is,0,2"));
        Assert.That(requests, Is.EqualTo((string?[])[null, "last", "last", "last"]));
        await page.CloseAsync();
    }

    private static ulong OffsetOf(string? id) => ulong.Parse(id!.Split('-')[1], CultureInfo.InvariantCulture);

    /// <summary>A page of the server's own origin, with nothing on it.</summary>
    private static ValueTask PageAsync(HttpContext context)
    {
        context.Response.ContentType = "text/html";
        context.Response.Headers.Set("Connection", "close");
        return context.Response.WriteAsync("<!doctype html><link rel=icon href=data:,>");
    }

    private static async Task CutAsync(Admission admission, SseHub<Admission> hub)
    {
        switch (admission.Kind)
        {
            case Drop.InOrder:
                await admission.Begun.Task.WaitAsync(Cancellation);
                hub.Disconnect(admission.Id);
                break;
            case Drop.ByReset:
                admission.Connection.Abort();
                break;
            default:
                // The proxy does it, wherever its byte falls.
                break;
        }
    }

    private async Task<IPage> OpenAsync(IPEndPoint endPoint)
    {
        IPage page = await Browser.NewPageAsync();
        await page.GotoAsync(string.Create(CultureInfo.InvariantCulture, $"http://{endPoint}/"));
        return page;
    }

    /// <summary>How a stream ends before its time.</summary>
    private enum Drop
    {
        /// <summary>The server ends the response.</summary>
        InOrder,

        /// <summary>The server resets the connection.</summary>
        ByReset,

        /// <summary>The network resets the connection behind some byte, within an event as a rule.</summary>
        WithinBytes,
    }

    private sealed record Admission(string Id, Drop Kind, string? LastEventId, Connection Connection)
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
