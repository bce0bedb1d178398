using System.Globalization;
using Engine.Http1;

namespace Engine.Sse.Tests;

/// <summary>What each option changes.</summary>
public sealed partial class SseStreamTests
{
    [Test]
    public void A_quiet_stream_has_a_heartbeat_and_no_idle_timer_ends_it()
    {
        Start(static (_, ct) => Task.Delay(Timeout.Infinite, ct), static options => options.HeartbeatInterval = TimeSpan.FromSeconds(30));
        Ask(Get);
        _server!.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Take(), Is.EqualTo("c\r\n:heartbeat\n\n\r\n"), "a proxy that waits for a first byte has it");
        _server.Advance(TimeSpan.FromSeconds(28));
        Assert.That(Take(), Is.Empty);
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Take(), Is.EqualTo("c\r\n:heartbeat\n\n\r\n"));
        _server.Advance(TimeSpan.FromMinutes(5));
        Assert.That(Take().Split(":heartbeat").Length, Is.GreaterThan(9));
        Assert.That(_server.Engine.ConnectionCount, Is.EqualTo(1));
    }

    [Test]
    public void A_stream_that_had_an_event_in_its_first_second_needs_no_comment_before_the_interval()
    {
        Start(
            static async (stream, ct) =>
            {
                stream.TrySend(new SseEvent("x"));
                await Task.Delay(Timeout.Infinite, ct);
            },
            static options => options.HeartbeatInterval = TimeSpan.FromSeconds(30));
        Ask(Get);
        _server!.Advance(TimeSpan.FromSeconds(29));
        Assert.That(Take(), Is.Empty);
        _server.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Take(), Is.EqualTo("c\r\n:heartbeat\n\n\r\n"));
    }

    [Test]
    public void No_silence_is_longer_than_the_heartbeat_interval_also_behind_an_event()
    {
        SseStream? open = null;
        Start(
            (stream, ct) =>
            {
                open = stream;
                return Task.Delay(Timeout.Infinite, ct);
            },
            static options => options.HeartbeatInterval = TimeSpan.FromSeconds(30));
        Ask(Get);
        _server!.Advance(TimeSpan.FromSeconds(5));
        open!.TrySend(new SseEvent("x"));
        _server.RunUntilIdle();
        Take();
        _server.Advance(TimeSpan.FromSeconds(30));
        Assert.That(Take(), Is.EqualTo("c\r\n:heartbeat\n\n\r\n"));
    }

    [Test]
    public void A_client_for_which_MaxMissedHeartbeats_find_no_room_is_gone()
    {
        SseStream? open = null;
        Start(
            (stream, ct) =>
            {
                open = stream;
                return Task.Delay(Timeout.Infinite, ct);
            },
            static options =>
            {
                options.HeartbeatInterval = TimeSpan.FromSeconds(1);
                options.MaxMissedHeartbeats = 2;
            });
        Ask(Get);
        _peer!.RoomBytes = 0;
        while (open!.TrySend(new SseEvent(new string('x', 4000))) != SendStatus.Dropped)
        {
        }

        while (open.TrySend(new SseEvent("")) != SendStatus.Dropped)
        {
        }

        _server!.Advance(TimeSpan.FromSeconds(5));
        Assert.That(open.IsOpen, Is.False);
        Assert.That(_server.Engine.ConnectionCount, Is.Zero);
        Assert.That(_server.Engine.Metrics.RentedSegments, Is.Zero);
        Assert.That(open.TrySend(new SseEvent("late")), Is.EqualTo(SendStatus.Closed));
        Assert.That(_errors, Is.Empty);
    }

    [Test]
    public void A_heartbeat_does_not_wait()
    {
        Start(static (_, ct) => Task.Delay(Timeout.Infinite, ct), static options =>
        {
            options.CoalescingInterval = TimeSpan.FromSeconds(1);
            options.HeartbeatInterval = TimeSpan.FromSeconds(5);
        });
        Ask(Get);
        _server!.Advance(TimeSpan.FromSeconds(5.1));
        Assert.That(Take(), Is.EqualTo("c\r\n:heartbeat\n\n\r\n"));
    }

    [Test]
    public void Events_of_a_coalescing_interval_leave_in_one_send_and_the_end_takes_them_along()
    {
        SseStream? open = null;
        Start(
            async (stream, ct) =>
            {
                open = stream;
                await Task.Delay(Timeout.Infinite, ct);
            },
            static options => options.CoalescingInterval = TimeSpan.FromMilliseconds(10));
        Ask(Get);
        int before = _peer!.SendCount;
        for (int i = 0; i < 5; i++)
        {
            Assert.That(open!.TrySend(new SseEvent($"{i}")), Is.EqualTo(SendStatus.Sent));
            _server!.RunUntilIdle();
        }

        Assert.That(Take(), Is.Empty);
        _server!.Advance(TimeSpan.FromMilliseconds(11));
        Assert.That(HubClient.Data(Take()), Is.EqualTo(new[] { "0", "1", "2", "3", "4" }));
        Assert.That(_peer.SendCount, Is.EqualTo(before + 1));
        open!.TrySend(new SseEvent("last"));
        open.Close();
        Assert.That(_server.RunUntil(() => !open.IsOpen, TimeSpan.FromSeconds(10)), Is.True);
        _server.RunUntilIdle();
        Assert.That(Take(), Is.EqualTo("c\r\ndata: last\n\n\r\n0\r\n\r\n"));
        Assert.That(_peer.SendCount, Is.EqualTo(before + 2));
        Assert.That(open.Connection.CoalescingInterval, Is.EqualTo(TimeSpan.Zero), "the next response waits for nothing");
    }

    [Test]
    public void Streams_past_MaxStreams_are_told_when_to_come_again_and_make_room_when_they_end()
    {
        Start(static (_, ct) => Task.Delay(Timeout.Infinite, ct), static options => options.MaxStreams = 1);
        MemoryPeer first = _peer!;
        Assert.That(Ask(Get), Does.StartWith("HTTP/1.1 200 "));
        _peer = _server!.Connect();
        Assert.That(Ask(Get), Does.StartWith("HTTP/1.1 503 ").And.Contain("Retry-After: 5\r\n"));
        first.CloseSend();
        Assert.That(_server.RunUntil(() => _server.Engine.ConnectionCount == 1, TimeSpan.FromSeconds(10)), Is.True);
        _server.RunUntilIdle();
        Assert.That(Ask(Get), Does.StartWith("HTTP/1.1 200 "));
    }

    [Test]
    public void A_client_for_whom_there_is_no_room_may_be_told_to_come_back_instead_of_an_error_that_ends_it()
    {
        int ran = 0;
        Start(
            (_, ct) =>
            {
                ran++;
                return Task.Delay(Timeout.Infinite, ct);
            },
            static options =>
            {
                options.MaxStreams = 1;
                options.EndWhenFull = true;
                options.RetryAfter = TimeSpan.FromSeconds(7);
            });
        Ask(Get);
        _peer = _server!.Connect();
        Assert.That(Ask(Get), Does.StartWith("HTTP/1.1 200 ").And.Contain("text/event-stream").And.EndWith("\r\n\r\nd\r\nretry: 7000\n\n\r\n0\r\n\r\n"));
        Assert.That(ran, Is.EqualTo(1));
    }

    [Test]
    public void The_route_answers_Methods_and_no_other()
    {
        string? method = null;
        Start(
            (stream, _) =>
            {
                method = stream.Context.Request.Method;
                return Task.CompletedTask;
            },
            static options => options.Methods = ["POST", "QUERY"]);
        Assert.That(Ask("POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(method, Is.EqualTo("POST"));
        Assert.That(Ask("QUERY /events HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), Does.StartWith("HTTP/1.1 200 "));
        Assert.That(Ask(Get), Does.StartWith("HTTP/1.1 405 ").And.Contain("Allow: OPTIONS, POST, QUERY\r\n"));
    }

    [Test]
    public void A_page_of_an_origin_that_is_not_listed_gets_403_before_anybody_is_asked()
    {
        int asked = 0;
        Start(static (_, _) => Task.CompletedTask, options =>
        {
            options.AllowedOrigins = ["https://example.org", "http://localhost:3000"];
            options.AllowCredentials = true;
            options.OnConnectAsync = _ =>
            {
                asked++;
                return ValueTask.FromResult(true);
            };
        });
        string listed = Ask("GET /events HTTP/1.1\r\nHost: a\r\nOrigin: http://localhost:3000\r\n\r\n");
        Assert.That(listed, Does.StartWith("HTTP/1.1 200 ").And.Contain("Access-Control-Allow-Origin: http://localhost:3000\r\n"));
        Assert.That(listed, Does.Contain("Access-Control-Allow-Credentials: true\r\n").And.Contain("Vary: Origin\r\n"));
        Assert.That(Ask(Get), Does.StartWith("HTTP/1.1 200 ").And.Not.Contain("Access-Control").And.Contain("Vary: Origin\r\n"));
        Assert.That(asked, Is.EqualTo(2));
        foreach (string other in new[] { "https://example.org.evil.net", "http://example.org", "null", "https://example.org:444", "" })
        {
            string refused = Ask($"GET /events HTTP/1.1\r\nHost: a\r\nOrigin: {other}\r\n\r\n");
            Assert.That(refused, Does.StartWith("HTTP/1.1 403 ").And.Not.Contain("Access-Control"), other);
        }

        Assert.That(asked, Is.EqualTo(2));
    }

    [TestCase("GET /events?last_event_id=a%20%E2%82%AC HTTP/1.1\r\nHost: a\r\n\r\n", "a €")]
    [TestCase("GET /events?last_event_id=old HTTP/1.1\r\nHost: a\r\nLast-Event-ID: new\r\n\r\n", "new")]
    [TestCase("GET /events?last_event_id= HTTP/1.1\r\nHost: a\r\n\r\n", null)]
    [TestCase("GET /events?since=3 HTTP/1.1\r\nHost: a\r\n\r\n", null)]
    public void A_page_may_say_by_the_query_what_it_has(string request, string? expected)
    {
        string? seen = "none";
        Start((stream, _) =>
        {
            seen = stream.LastEventId;
            return Task.CompletedTask;
        });
        Ask(request);
        Assert.That(seen, Is.EqualTo(expected));
    }

    [TestCase("since", "3")]
    [TestCase(null, null)]
    public void The_parameter_that_says_so_can_be_named_or_left_out(string? name, string? expected)
    {
        string? seen = "none";
        Start(
            (stream, _) =>
            {
                seen = stream.LastEventId;
                return Task.CompletedTask;
            },
            options => options.LastEventIdParameter = name);
        Ask("GET /events?since=3&last_event_id=4 HTTP/1.1\r\nHost: a\r\n\r\n");
        Assert.That(seen, Is.EqualTo(expected));
    }

    [Test]
    public void Reconnection_is_announced_at_the_beginning()
    {
        Start(static (_, _) => Task.CompletedTask, static options => options.ReconnectionInterval = TimeSpan.FromSeconds(2));
        Assert.That(Ask(Get), Does.EndWith("\r\n\r\nd\r\nretry: 2000\n\n\r\n0\r\n\r\n"));
    }

    [Test]
    public void Reconnection_is_announced_with_a_jitter_of_each_streams_own()
    {
        Start(static (_, _) => Task.CompletedTask, static options =>
        {
            options.ReconnectionInterval = TimeSpan.FromSeconds(2);
            options.ReconnectionJitter = TimeSpan.FromSeconds(1);
        });
        int[] announced = [.. Enumerable.Range(0, 50).Select(_ => int.Parse(Ask(Get).Split("retry: ")[1].Split('\n')[0], CultureInfo.InvariantCulture))];
        Assert.That(announced, Is.All.InRange(2000, 3000));
        Assert.That(announced.Distinct().Count(), Is.GreaterThan(10));
    }

    [Test]
    public void Stop_tells_each_client_to_come_back_at_a_moment_of_its_own()
    {
        int[] advised = [.. Enumerable.Range(0, 50).Select(_ =>
        {
            Start(
                static async (_, ct) =>
                {
                    var ended = new TaskCompletionSource();
                    using CancellationTokenRegistration registration = ct.UnsafeRegister(_ => ended.SetResult(), null);
                    await ended.Task;
                },
                static options =>
                {
                    options.ReconnectionInterval = TimeSpan.FromSeconds(2);
                    options.ReconnectWindow = TimeSpan.FromSeconds(10);
                });
            Ask(Get);
            Task stopping = _server!.Engine.StopAsync(TimeSpan.FromMinutes(1));
            Assert.That(_server.RunUntil(() => _peer!.SawFin, TimeSpan.FromSeconds(10)), Is.True);
            string text = Take();
            Assert.That(text, Does.EndWith("\n\n\r\n0\r\n\r\n"));
            Assert.That(stopping.IsFaulted, Is.False);
            return int.Parse(text.Split("retry: ")[^1].Split('\n')[0], CultureInfo.InvariantCulture);
        })];
        Assert.That(advised, Is.All.InRange(2_000, 12_000));
        Assert.That(advised.Distinct().Count(), Is.GreaterThan(10));
    }

    [Test]
    public void Options_out_of_range_are_refused()
    {
        Assert.That(static () => Map(static options => options.ReconnectWindow = TimeSpan.FromHours(2)), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => Map(static options => options.CoalescingInterval = TimeSpan.FromSeconds(2)), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => Map(static options => options.CoalescingInterval = TimeSpan.FromMilliseconds(-1)), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => Map(static options => options.HeartbeatInterval = TimeSpan.Zero), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => Map(static options => options.ReconnectionJitter = TimeSpan.FromSeconds(-1)), Throws.InstanceOf<ArgumentException>());
        Assert.That(static () => Map(static options => options.AllowCredentials = true), Throws.ArgumentException);
        Assert.That(static () => Map(static options => options.Methods = []), Throws.ArgumentException);
        Assert.That(static () => Map(static options => options.AllowedOrigins = ["https://example.org/"]), Throws.ArgumentException);
        Assert.That(static () => Map(static options => options.AllowedOrigins = ["*"]), Throws.ArgumentException);
        Assert.That(
            static () => Map(static options =>
            {
                options.AllowOrigin = "*";
                options.AllowedOrigins = ["https://example.org"];
            }),
            Throws.ArgumentException);

        static void Map(Action<SseOptions> configure)
        {
            var options = new SseOptions();
            configure(options);
            new HttpServer(new HttpServerOptions()).MapSse("/events", static (_, _) => Task.CompletedTask, options);
        }
    }
}
