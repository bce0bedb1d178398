namespace Engine.Tests;

/// <summary>The whole table: each event in each state, with and without the peer's end and a reset that was asked for.</summary>
[Category("Pure")]
public sealed class ConnectionLifecycleTests
{
    private const ConnectionState Open = ConnectionState.Open;
    private const ConnectionState SendClosed = ConnectionState.SendClosed;
    private const ConnectionState Closing = ConnectionState.Closing;
    private const ConnectionState Lingering = ConnectionState.Lingering;
    private const ConnectionState Releasing = ConnectionState.Releasing;
    private const ConnectionState Closed = ConnectionState.Closed;

    /// <summary>States as columns; what an event leaves behind in each, and whether it returned true there.</summary>
    private static readonly (string Event, (ConnectionState State, bool Returned)[] In)[] Moves =
    [
        ("AskSendClose", [(SendClosed, true), (SendClosed, false), (Closing, false), (Lingering, false), (Releasing, false), (Closed, false)]),
        ("AskClose", [(Closing, true), (Closing, true), (Closing, false), (Lingering, false), (Releasing, false), (Closed, false)]),
        ("AskReset", [(Closing, false), (Closing, false), (Closing, false), (Lingering, false), (Releasing, false), (Closed, false)]),
        ("PeerEnded", [(Open, true), (SendClosed, true), (Closing, true), (Lingering, true), (Releasing, true), (Closed, true)]),
        ("FinSent", [(Open, false), (SendClosed, false), (Lingering, false), (Lingering, false), (Releasing, false), (Closed, false)]),
        ("TryRelease", [(Releasing, true), (Releasing, true), (Releasing, true), (Releasing, true), (Releasing, false), (Closed, false)]),
        ("TryEnd", [(Closed, true), (Closed, true), (Closed, true), (Closed, true), (Closed, true), (Closed, false)]),
    ];

    /// <summary>The next step by state: with nothing, with the peer's end, with a reset asked for (which leaves the first two); each not drained and drained.</summary>
    private static readonly (ConnectionState State, CloseStep[] Steps)[] Steps =
    [
        (Open, [CloseStep.Wait, CloseStep.Wait, CloseStep.Wait, CloseStep.Wait, CloseStep.Reset, CloseStep.Reset]),
        (SendClosed, [CloseStep.Wait, CloseStep.SendFin, CloseStep.Wait, CloseStep.SendFin, CloseStep.Reset, CloseStep.Reset]),
        (Closing, [CloseStep.Wait, CloseStep.SendFin, CloseStep.Wait, CloseStep.Release, CloseStep.Reset, CloseStep.Reset]),
        (Lingering, [CloseStep.Wait, CloseStep.Wait, CloseStep.Release, CloseStep.Release, CloseStep.Reset, CloseStep.Reset]),
        (Releasing, [CloseStep.Wait, CloseStep.Wait, CloseStep.Wait, CloseStep.Wait, CloseStep.Wait, CloseStep.Wait]),
        (Closed, [CloseStep.Wait, CloseStep.Wait, CloseStep.Wait, CloseStep.Wait, CloseStep.Wait, CloseStep.Wait]),
    ];

    [Test]
    public void Each_event_moves_each_state_as_the_table_says()
    {
        foreach ((string name, (ConnectionState State, bool Returned)[] expected) in Moves)
        {
            foreach (ConnectionState from in Enum.GetValues<ConnectionState>())
            {
                ConnectionLifecycle life = In(from);
                bool returned = Raise(ref life, name);
                Assert.That((life.State, returned), Is.EqualTo(expected[(int)from]), $"{name} in {from}");
            }
        }
    }

    [Test]
    public void Each_state_takes_the_step_that_the_table_says([Range(0, 5)] int row, [Values] bool isDrained)
    {
        (ConnectionState state, CloseStep[] expected) = Steps[row];
        int column = isDrained ? 1 : 0;
        ConnectionLifecycle plain = In(state);
        Assert.That(plain.Next(isDrained), Is.EqualTo(expected[column]));
        ConnectionLifecycle ended = In(state);
        ended.PeerEnded();
        Assert.That(ended.Next(isDrained), Is.EqualTo(expected[column + 2]), "the peer has ended");
        ConnectionLifecycle reset = In(state);
        reset.AskReset(CloseReason.Aborted);
        Assert.That(reset.Next(isDrained), Is.EqualTo(expected[column + 4]), "a reset was asked for");
    }

    [Test]
    public void FIN_is_sent_once_also_when_the_close_comes_later()
    {
        ConnectionLifecycle life = In(SendClosed);
        life.FinSent();
        Assert.That((life.State, life.IsFinSent, life.Next(isDrained: true)), Is.EqualTo((SendClosed, true, CloseStep.Wait)));
        life.AskClose(CloseReason.Completed);
        Assert.That((life.Next(isDrained: true), life.IsFinSent), Is.EqualTo((CloseStep.SendFin, true)), "the step is taken, and sends no second FIN");
        life.FinSent();
        Assert.That(life.State, Is.EqualTo(Lingering));
    }

    [Test]
    public void The_first_reason_holds_whoever_asks_later()
    {
        var life = default(ConnectionLifecycle);
        Assert.That(life.AskClose(CloseReason.ProtocolError), Is.True);
        Assert.That(life.AskClose(CloseReason.Completed), Is.False);
        life.AskReset(CloseReason.SlowConsumer);
        Assert.That(life.Reason, Is.EqualTo(CloseReason.ProtocolError));
    }

    [Test]
    public void The_peers_end_is_news_once()
    {
        var life = default(ConnectionLifecycle);
        Assert.That((life.PeerEnded(), life.PeerEnded(), life.IsPeerEnded), Is.EqualTo((true, false, true)));
    }

    private static bool Raise(ref ConnectionLifecycle life, string name)
    {
        switch (name)
        {
            case "AskSendClose":
                return life.AskSendClose();
            case "AskClose":
                return life.AskClose(CloseReason.Completed);
            case "AskReset":
                life.AskReset(CloseReason.Aborted);
                return false;
            case "PeerEnded":
                return life.PeerEnded();
            case "FinSent":
                life.FinSent();
                return false;
            case "TryRelease":
                return life.TryRelease();
            default:
                return life.TryEnd();
        }
    }

    private static ConnectionLifecycle In(ConnectionState state)
    {
        var life = default(ConnectionLifecycle);
        if (state == SendClosed)
        {
            life.AskSendClose();
            return life;
        }

        if (state >= Closing)
        {
            life.AskClose(CloseReason.Completed);
        }

        if (state >= Lingering)
        {
            life.FinSent();
        }

        if (state >= Releasing)
        {
            life.TryRelease();
        }

        if (state == Closed)
        {
            life.TryEnd();
        }

        Assert.That(life.State, Is.EqualTo(state));
        return life;
    }
}
