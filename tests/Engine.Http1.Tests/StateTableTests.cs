namespace Engine.Http1.Tests;

/// <summary>Every event in every phase of a connection (see <see cref="Http1Phase"/>): what the peer sees, and that the request ended once.</summary>
public sealed class StateTableTests
{
    public enum Phase
    {
        Idle,
        IdleAgain,
        Head,
        Handling,
        HandlingStream,
        HandlingBody,
        Completing,
        Draining,
        Backlogged,
    }

    public enum Event
    {
        PeerClosed,
        PeerReset,
        Stopping,
        LongTime,
        Garbage,
    }

    /// <summary>What the connection does: goes on, ends in order, ends after the handler, or is reset.</summary>
    public enum Outcome
    {
        GoesOn,
        Fin,
        FinAfterHandler,
        Gone,
    }

    private static readonly (Phase Phase, Event Event, Outcome Outcome)[] Table =
    [
        (Phase.Idle, Event.PeerClosed, Outcome.Fin),
        (Phase.Idle, Event.PeerReset, Outcome.Gone),
        (Phase.Idle, Event.Stopping, Outcome.Fin),
        (Phase.Idle, Event.LongTime, Outcome.Fin),
        (Phase.Idle, Event.Garbage, Outcome.Fin),
        (Phase.IdleAgain, Event.PeerClosed, Outcome.Fin),
        (Phase.IdleAgain, Event.PeerReset, Outcome.Gone),
        (Phase.IdleAgain, Event.Stopping, Outcome.Fin),
        (Phase.IdleAgain, Event.LongTime, Outcome.Fin),
        (Phase.IdleAgain, Event.Garbage, Outcome.Fin),
        (Phase.Head, Event.PeerClosed, Outcome.Fin),
        (Phase.Head, Event.PeerReset, Outcome.Gone),
        (Phase.Head, Event.Stopping, Outcome.Fin),
        (Phase.Head, Event.LongTime, Outcome.Fin),
        (Phase.Head, Event.Garbage, Outcome.Fin),
        (Phase.Handling, Event.PeerClosed, Outcome.FinAfterHandler),
        (Phase.Handling, Event.PeerReset, Outcome.Gone),
        (Phase.Handling, Event.Stopping, Outcome.FinAfterHandler),
        (Phase.Handling, Event.LongTime, Outcome.GoesOn),
        (Phase.Handling, Event.Garbage, Outcome.FinAfterHandler),
        (Phase.HandlingStream, Event.PeerClosed, Outcome.Fin),
        (Phase.HandlingStream, Event.PeerReset, Outcome.Gone),
        (Phase.HandlingStream, Event.Stopping, Outcome.FinAfterHandler),
        (Phase.HandlingStream, Event.LongTime, Outcome.GoesOn),
        (Phase.HandlingStream, Event.Garbage, Outcome.FinAfterHandler),
        (Phase.HandlingBody, Event.PeerClosed, Outcome.FinAfterHandler),
        (Phase.HandlingBody, Event.PeerReset, Outcome.Gone),
        (Phase.HandlingBody, Event.Stopping, Outcome.FinAfterHandler),
        (Phase.HandlingBody, Event.LongTime, Outcome.FinAfterHandler),
        (Phase.HandlingBody, Event.Garbage, Outcome.FinAfterHandler),
        (Phase.Completing, Event.PeerClosed, Outcome.Fin),
        (Phase.Completing, Event.PeerReset, Outcome.Gone),
        (Phase.Completing, Event.Stopping, Outcome.Fin),
        (Phase.Completing, Event.LongTime, Outcome.Gone),
        (Phase.Completing, Event.Garbage, Outcome.Fin),
        (Phase.Draining, Event.PeerClosed, Outcome.Fin),
        (Phase.Draining, Event.PeerReset, Outcome.Gone),
        (Phase.Draining, Event.Stopping, Outcome.Fin),
        (Phase.Draining, Event.LongTime, Outcome.Fin),
        (Phase.Draining, Event.Garbage, Outcome.Fin),
        (Phase.Backlogged, Event.PeerClosed, Outcome.Fin),
        (Phase.Backlogged, Event.PeerReset, Outcome.Gone),
        (Phase.Backlogged, Event.Stopping, Outcome.Fin),
        (Phase.Backlogged, Event.LongTime, Outcome.Gone),
        (Phase.Backlogged, Event.Garbage, Outcome.Fin),
    ];

    private static IEnumerable<TestCaseData> Rows => Table.Select(static row => new TestCaseData(row.Phase, row.Event, row.Outcome).SetName($"In_{row.Phase}_{row.Event}_leads_to_{row.Outcome}"));

    [TestCaseSource(nameof(Rows))]
    public void Each_event_in_each_phase_leads_where_the_table_says(Phase phase, Event happening, Outcome outcome)
    {
        var gate = new TaskCompletionSource();
        var dialogue = new Dialogue(server => Map(server, gate.Task));
        Enter(dialogue, phase);
        MemoryPeer peer = dialogue.Peer;
        Assert.That(peer.SawFin || peer.SawReset, Is.False, "the phase is entered on an open connection");
        switch (happening)
        {
            case Event.PeerClosed:
                peer.CloseSend();
                break;
            case Event.PeerReset:
                peer.Reset();
                break;
            case Event.Stopping:
                _ = dialogue.Engine.StopAsync(TimeSpan.FromHours(1));
                break;
            case Event.LongTime:
                // Longer than every timeout of a request, and than a write without progress may take.
                dialogue.Advance(TimeSpan.FromMinutes(3));
                break;
            default:
                peer.Send("\0zz\r\n"u8);
                break;
        }

        dialogue.Run();
        if (phase is Phase.Completing or Phase.Backlogged)
        {
            peer.AddRoom(int.MaxValue);
            dialogue.Run();
        }

        switch (outcome)
        {
            case Outcome.Fin:
                Assert.That(dialogue.RunUntil(() => peer.SawFin), Is.True);
                break;
            case Outcome.Gone:
                Assert.That(dialogue.RunUntil(() => dialogue.Engine.ConnectionCount == 0), Is.True);
                break;
            default:
                Assert.That(peer.SawFin || peer.SawReset, Is.False, "the handler runs on");
                break;
        }

        if (phase == Phase.HandlingBody && happening == Event.Stopping)
        {
            peer.Send("0\r\n\r\n"u8);
            dialogue.Run();
            Assert.That(peer.SawFin, Is.False, "the handler runs on");
        }

        gate.SetResult();
        if (outcome == Outcome.FinAfterHandler)
        {
            Assert.That(dialogue.RunUntil(() => peer.SawFin), Is.True);
        }
        else if (outcome == Outcome.GoesOn)
        {
            Assert.That(dialogue.RunUntil(() => peer.Received.IndexOf("handled"u8) >= 0 || peer.Received.IndexOf("0\r\n\r\n"u8) >= 0), Is.True);
        }

        // The peer ends its side too, and nothing stays behind.
        if (happening is not (Event.PeerClosed or Event.PeerReset) && !peer.IsClosed)
        {
            peer.CloseSend();
        }

        Assert.That(dialogue.RunUntil(() => dialogue.Engine.ConnectionCount == 0), Is.True);
        Assert.That(dialogue.Errors, Is.Empty);
        Assert.That(dialogue.Engine.Metrics.RentedSegments + dialogue.Engine.Metrics.RentedRemainders, Is.Zero);
    }

    [Test]
    public void The_table_holds_every_pair_once()
        => Assert.That(Table.Select(static row => (row.Phase, row.Event)).Distinct().Count(), Is.EqualTo(Enum.GetValues<Phase>().Length * Enum.GetValues<Event>().Length).And.EqualTo(Table.Length));

    private static void Map(HttpServer server, Task gate) => server
        .MapGet("/wait", async context =>
        {
            await gate;
            await context.Response.WriteAsync("handled");
        })
        .MapGet("/stream", async context =>
        {
            ResponseStream stream = context.Response.StartStream();
            await gate;
            await stream.SendAsync("x"u8.ToArray());
        })
        .MapPost("/body", async context =>
        {
            try
            {
                await context.Request.ReadBytesAsync();
            }
            catch (RequestBodyException)
            {
                await gate;
                throw;
            }

            await gate;
        })
        .MapGet("/fill", static context =>
        {
            ResponseStream stream = context.Response.StartStream();
            byte[] block = new byte[1000];
            while (stream.TrySend(block) is SendStatus.Sent or SendStatus.Queued)
            {
            }

            while (stream.TrySend(block.AsSpan(0, 2)) is SendStatus.Sent or SendStatus.Queued)
            {
            }

            return default;
        })
        .Map("*", "/plain", static context => context.Response.WriteAsync("plain"))
        .MapGet("/large", static context => context.Response.WriteAsync(new byte[30_000]));

    private static void Enter(Dialogue dialogue, Phase phase)
    {
        const string Head = " HTTP/1.1\r\nHost: a\r\n";
        switch (phase)
        {
            case Phase.IdleAgain:
                dialogue.Send("GET /plain" + Head + "\r\n");
                break;
            case Phase.Head:
                dialogue.Send("GET /plain HTTP/1.1\r\nHos");
                break;
            case Phase.Handling:
                dialogue.Send("GET /wait" + Head + "\r\n");
                break;
            case Phase.HandlingStream:
                dialogue.Send("GET /stream" + Head + "\r\n");
                break;
            case Phase.HandlingBody:
                dialogue.Send("POST /body" + Head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
                break;
            case Phase.Completing:
                dialogue.Peer.RoomBytes = 0;
                dialogue.Send("GET /fill" + Head + "Transfer-Encoding: chunked\r\n\r\n");
                break;
            case Phase.Draining:
                dialogue.Send("POST /plain" + Head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
                break;
            case Phase.Backlogged:
                dialogue.Peer.RoomBytes = 0;
                dialogue.Send(string.Concat(Enumerable.Repeat("GET /large" + Head + "\r\n", 4)));
                break;
        }

        dialogue.Run();
    }
}
