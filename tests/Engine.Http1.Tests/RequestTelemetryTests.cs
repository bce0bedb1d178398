using System.Diagnostics;
using System.Diagnostics.Metrics;
using Engine.TestKit;

namespace Engine.Http1.Tests;

/// <summary>What a listener of the meter and of the activities gets to see of requests.</summary>
[Category("Sockets")]
public sealed class RequestTelemetryTests(TransportKind transport) : OverSockets(transport)
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private const string Parent = "00-" + Trace + "-00f067aa0ba902b7-01";

    [Test]
    public async Task A_request_is_measured_with_the_attributes_of_the_conventions()
    {
        string name = Guid.NewGuid().ToString();
        using var seen = new Measured(name);
        await StartAsync(
            static server => server
                .MapGet("/items/{id}", static context => context.Response.WriteAsync("item"))
                .MapGet("/fails", static _ => throw new InvalidOperationException("no")),
            options => options.Server.Name = name);
        await GetAsync("/items/7?q=1");
        await GetAsync("/fails");
        await GetAsync("/nothing");
        await AskAsync("BREW /items/7 HTTP/1.0\r\n\r\n");
        TakeErrors();
        await Server.StopAsync(TimeSpan.FromSeconds(5));

        Assert.That(seen.Durations, Is.EqualTo((string[])
        [
            "http.request.method=GET http.response.status_code=200 http.route=/items/{id} network.protocol.version=1.1 url.scheme=http",
            "error.type=500 http.request.method=GET http.response.status_code=500 http.route=/fails network.protocol.version=1.1 url.scheme=http",
            "http.request.method=GET http.response.status_code=404 network.protocol.version=1.1 url.scheme=http",
            "http.request.method=_OTHER http.response.status_code=405 network.protocol.version=1.0 url.scheme=http",
        ]));
        Assert.That(seen.Active, Is.EqualTo((long[])[1, -1, 1, -1, 1, -1, 1, -1]));
    }

    [Test]
    public async Task An_activity_continues_the_trace_of_the_request_and_is_current_in_handlers([Values] bool isAsync)
    {
        using var spans = new Spans(Trace);
        ActivityContext handed = default;
        string? current = null;
        await StartAsync(server => server.MapGet("/a/{b}", async context =>
        {
            context.Request.TryGetTraceContext(out handed);
            if (isAsync)
            {
                await Task.Yield();
            }

            current = Activity.Current?.Id;
            context.Response.StatusCode = 503;
            await context.Response.WriteAsync("busy");
        }));
        await GetAsync("/a/x?q=1", $"traceparent: {Parent}\r\ntracestate: vendor=1\r\nUser-Agent: test\r\n");
        await Server.StopAsync(TimeSpan.FromSeconds(5));

        Activity span = spans.Ended.Single();
        Assert.Multiple(() =>
        {
            Assert.That(span.ParentId, Is.EqualTo(Parent));
            Assert.That(span.TraceStateString, Is.EqualTo("vendor=1"));
            Assert.That(span.Kind, Is.EqualTo(ActivityKind.Server));
            Assert.That(span.DisplayName, Is.EqualTo("GET /a/{b}"));
            Assert.That(span.Status, Is.EqualTo(ActivityStatusCode.Error));
            Assert.That(span.GetTagItem("http.route"), Is.EqualTo("/a/{b}"));
            Assert.That(span.GetTagItem("http.response.status_code"), Is.EqualTo(503));
            Assert.That(span.GetTagItem("error.type"), Is.EqualTo("503"));
            Assert.That(span.GetTagItem("url.path"), Is.EqualTo("/a/x"));
            Assert.That(span.GetTagItem("user_agent.original"), Is.EqualTo("test"));
            Assert.That(span.GetTagItem("network.peer.address"), Is.EqualTo("127.0.0.1"));
            Assert.That(current, Is.EqualTo(span.Id));
            Assert.That(handed.TraceId.ToString(), Is.EqualTo(Trace));
            Assert.That(handed.IsRemote, Is.True);
        });
    }

    [Test]
    public async Task Two_requests_of_a_connection_do_not_share_a_trace()
    {
        using var spans = new Spans(Trace);
        List<string?> current = [];
        await StartAsync(server => server.MapGet("/", context =>
        {
            current.Add(Activity.Current?.TraceId.ToString());
            return context.Response.WriteAsync("ok");
        }));
        await using RawClient client = await ConnectAsync();
        await client.RequestAsync($"GET / HTTP/1.1\r\nHost: a\r\ntraceparent: {Parent}\r\n\r\n");
        await client.RequestAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(current[0], Is.EqualTo(Trace));
        Assert.That(current[1], Is.Not.EqualTo(Trace));
    }

    [Test]
    public async Task While_nobody_listens_a_request_is_not_watched_and_its_trace_can_still_be_read()
    {
        bool? isWatched = null;
        bool isRead = false;
        bool isReadAgain = true;
        await StartAsync(server => server.MapGet("/", context =>
        {
            isWatched = context.Ended is not null || Activity.Current is not null;
            isRead = context.Request.TryGetTraceContext(out ActivityContext handed) && handed.TraceId.ToString() == Trace;
            return default;
        }).MapGet("/malformed", context =>
        {
            isReadAgain = context.Request.TryGetTraceContext(out _);
            return default;
        }));
        await GetAsync("/", $"traceparent: {Parent}\r\n");
        await GetAsync("/malformed", $"traceparent: {Parent[..^5]}\r\n");
        Assert.That(isWatched, Is.False);
        Assert.That(isRead, Is.True);
        Assert.That(isReadAgain, Is.False);
    }

    /// <summary>Measurements of one server, by its name.</summary>
    private sealed class Measured : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly string _server;

        public Measured(string server)
        {
            _server = server;
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == HttpTelemetry.MeterName)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<double>((_, value, tags, _) => Add(Durations, tags, text => text, value >= 0));
            _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Add(Active, tags, _ => value, true));
            _listener.Start();
        }

        public List<string> Durations { get; } = [];

        public List<long> Active { get; } = [];

        public void Dispose() => _listener.Dispose();

        private void Add<T>(List<T> to, ReadOnlySpan<KeyValuePair<string, object?>> tags, Func<string, T> entry, bool isSound)
        {
            KeyValuePair<string, object?>[] all = tags.ToArray();
            if (!isSound || !all.Contains(KeyValuePair.Create<string, object?>(EngineMetrics.ServerTag, _server)))
            {
                return;
            }

            string text = string.Join(' ', all.Where(tag => tag.Key != EngineMetrics.ServerTag).OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => $"{tag.Key}={tag.Value}"));
            lock (to)
            {
                to.Add(entry(text));
            }
        }
    }

    /// <summary>Activities of one trace that have ended.</summary>
    private sealed class Spans : IDisposable
    {
        private readonly ActivityListener _listener;

        public Spans(string trace)
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = static source => source.Name == HttpTelemetry.ActivitySourceName,
                Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = activity =>
                {
                    if (activity.TraceId.ToString() == trace)
                    {
                        lock (Ended)
                        {
                            Ended.Add(activity);
                        }
                    }
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public List<Activity> Ended { get; } = [];

        public void Dispose() => _listener.Dispose();
    }
}
